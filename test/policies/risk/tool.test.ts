// The tool: destructive, described by nobody, changed lately.
import { TOOL } from '../../../policies/risk/tool.ts';
import { action } from '../sample.ts';
import { cases } from './cases.ts';

cases(TOOL, {
  destructive: {
    yes: { 'it says so': { reading: { destructive: true } }, 'it deletes': { actions: [action('delete:files:a')] } },
    no: { 'it reads': {} },
  },
  unbound_tool: { yes: { unbound: { reading: { unbound: true } } }, no: { bound: {} } },
  changed_tool: { yes: { changed: { reading: { changed: true } } }, no: { 'as it was': {} } },
});
