// A tool whose definition changed raises.
import { changedTool } from '../../../../policies/risk/tool/changed_tool.ts';
import { cases } from '../cases.ts';

cases(changedTool, { yes: { changed: { reading: { changed: true } } }, no: { 'as it was': {} } });
