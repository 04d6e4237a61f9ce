// MCP Inspector's mcpdo, which speaks both eras: the same handoff, as `elicitation/create` and as `input_required`.
import { mkdirSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { capture } from '../captures.ts';
import { Company } from '../company.ts';
import { skip } from '../describe.ts';
import { ASKING, humanReads, UPDATE } from '../handoff.ts';
import { install } from '../install.ts';
import { INSPECTOR, Mcpdo, NODE_22 } from '../mcpdo.ts';

const mcpdo = install(INSPECTOR.name, INSPECTOR.package, INSPECTOR.binary);
const node = install(NODE_22.name, NODE_22.package, NODE_22.binary);

async function connected(
  era: 'legacy' | 'modern',
  bin: string,
  with_node: string,
): Promise<{ company: Company; inspector: Mcpdo }> {
  const company = await Company.make();
  const home = `${company.folder}/home`;
  mkdirSync(home);
  const inspector = new Mcpdo(bin, with_node, home);
  onTestFinished(() => {
    inspector.close();
    company.remove();
  });
  inspector.connect(company, era);
  return { company, inspector };
}

if ('missing' in mcpdo) skip('inspector', mcpdo.missing);
else if ('missing' in node) skip('inspector', node.missing);
else
  describe.each([
    { era: 'legacy', origin: 'server-request' },
    { era: 'modern', origin: 'input-required' },
  ] as const)('mcpdo, $era', ({ era, origin }) => {
    test('is asked, approves once, and the grant is spent by one call', async () => {
      const { company, inspector } = await connected(era, mcpdo.bin, node.bin);
      expect(inspector.call('database__execute', UPDATE).isError).toBe(true);
      const form = inspector.call('request_elevation', ASKING).elicitationPending;
      expect(form).toMatchObject({ origin, requestedSchema: { required: ['decision'] } });
      if (!form) return;
      capture(`inspector-${era}`, JSON.stringify(form, null, 2));
      await humanReads();
      expect(inspector.respond(form, 'approve_once').structuredContent).toMatchObject({ status: 'granted' });
      expect(inspector.call('database__execute', UPDATE).structuredContent).toMatchObject({ records: 23 });
      expect(inspector.call('database__execute', UPDATE).isError).toBe(true);
      expect(company.audited()).toMatchObject({ 'request.created': 1, 'request.approved': 1, 'grant.exhausted': 1 });
    });

    test('declines, and the same is not asked again', async () => {
      const { inspector } = await connected(era, mcpdo.bin, node.bin);
      const form = inspector.call('request_elevation', ASKING).elicitationPending;
      expect(form).toBeDefined();
      if (!form) return;
      await humanReads();
      expect(inspector.respond(form, undefined).structuredContent).toMatchObject({ status: 'denied' });
      expect(inspector.call('request_elevation', ASKING).structuredContent).toMatchObject({ status: 'denied' });
    });

    test('declines faster than anybody reads: that is nobody, and a link to the page comes next', async () => {
      const { company, inspector } = await connected(era, mcpdo.bin, node.bin);
      const form = inspector.call('request_elevation', ASKING).elicitationPending;
      expect(form).toBeDefined();
      if (!form) return;
      const link = inspector.respond(form, undefined).elicitationPending;
      capture(`inspector-link-${era}`, JSON.stringify(link, null, 2));
      expect(link).toMatchObject({ mode: 'url', origin, url: expect.stringContaining('/requests/req_') });
      if (!link) return;
      const [waiting] = company.command('pending') as { request_id: string }[];
      company.command('deny', waiting?.request_id ?? '');
      expect(inspector.opened(link).structuredContent).toMatchObject({ status: 'denied' });
      expect(company.audited()).toMatchObject({ 'request.unanswered': 1, 'request.denied': expect.any(Number) });
    });
  });
