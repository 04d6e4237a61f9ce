// A tool that nobody described raises.
import { unboundTool } from '../../../../policies/risk/tool/unbound_tool.ts';
import { cases } from '../cases.ts';

cases(unboundTool, { yes: { unbound: { reading: { unbound: true } } }, no: { bound: {} } });
