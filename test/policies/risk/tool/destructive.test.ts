// A tool that says it destroys raises, and so does a call that deletes.
import { destructive } from '../../../../policies/risk/tool/destructive.ts';
import { action } from '../../sample.ts';
import { cases } from '../cases.ts';

cases(destructive, {
  yes: { 'it says so': { reading: { destructive: true } }, 'it deletes': { actions: [action('delete:files:a')] } },
  no: { 'it reads': {} },
});
