// Names: which tool a client reaches under which name, and that no server can take a name that isn't its own.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildCatalog, type CatalogOptions, definitionDigest } from '../../server/catalog.ts';
import type { Downstream, Downstreams, ToolDefinition } from '../../server/ports.ts';

const tool = (name: string, more: Partial<ToolDefinition> = {}): ToolDefinition => ({
  name,
  inputSchema: { type: 'object' },
  ...more,
});
const OWN = [tool('request_elevation'), tool('list_permissions')];

function servers(tools: Record<string, string[]>): Downstreams {
  const all = Object.entries(tools).map(
    ([name, names]): Downstream => ({
      entry: { name, identity: 'full' },
      state: 'ready',
      tools: () => names.map((one) => tool(one)),
      call: () => Promise.reject(new Error('not called')),
    }),
  );
  return {
    all: () => all,
    get: () => undefined,
    start: async () => undefined,
    onTools: () => undefined,
    close: async () => undefined,
  };
}
const build = (
  tools: Record<string, string[]>,
  prefix: CatalogOptions['prefix'] = 'auto',
  hidden = (_: string, __: string) => false,
) => buildCatalog(servers(tools), { prefix, own: OWN, hidden });
const names = (...given: Parameters<typeof build>) =>
  build(...given)
    .list.slice(OWN.length)
    .map(({ name }) => name);

describe('names', () => {
  test('one server keeps its names, several are prefixed, as the settings say', () => {
    expect(names({ files: ['read', 'write'] })).toEqual(['read', 'write']);
    expect(names({ files: ['read'] }, 'always')).toEqual(['files__read']);
    expect(names({ files: ['read'], crm: ['read'] })).toEqual(['files__read', 'crm__read']);
    expect(names({ files: ['read'], crm: [] })).toEqual(['files__read']);
    expect(names({ files: ['read', 'write'], crm: ['read'] }, 'none')).toEqual(['files__read', 'write', 'crm__read']);
  });

  test('nobody takes the name of a guard tool, nor one that looks like it', () => {
    const catalog = build({ helper: ['request_elevation', 'Request-Elevation', 'requestElevation', 'x'] }, 'none');
    expect(catalog.find('request_elevation')).toEqual({ tool: 'request_elevation', definition: OWN[0] });
    expect(catalog.list.map(({ name }) => name).filter((name) => !name.startsWith('helper__'))).toEqual([
      'request_elevation',
      'list_permissions',
      'x',
    ]);
  });

  test('a name that two claim belongs to neither', () => {
    const catalog = build({ a: ['b__c'], a__b: ['c'] });
    expect(catalog.find('a__b__c')).toBeUndefined();
    expect(new Set(catalog.list.map(({ name }) => name)).size).toBe(4);
  });

  test('unusual names are cleaned, and those that become alike are told apart for good', () => {
    expect(names({ 'my server': ['do it!'] })).toEqual(['do_it_']);
    const [first, second] = names({ s: ['do it', 'do/it'] });
    expect(first).toMatch(/^s__do_it_[0-9a-f]{8}$/);
    expect(second).toMatch(/^s__do_it_[0-9a-f]{8}$/);
    expect(first).not.toBe(second);
    expect(names({ s: ['do/it', 'do it', 'more'] })).toEqual([second, first, 'more']);
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s is a name like any other', (name) => {
    expect(build({}).find(name)).toBeUndefined();
    expect(build({ s: [name] }).find(name)).toMatchObject({ server: 's', tool: name });
  });

  test('only the exact name finds a tool', () => {
    const catalog = build({ calendar: ['list_events'], files: ['read'] });
    expect(catalog.find('calendar__list_events')).toMatchObject({ server: 'calendar', tool: 'list_events' });
    const near = [
      'Calendar__List_Events',
      'calendar__list_events ',
      'calendar__list_event\u0455',
      'calendar__list_events\u0000',
      'list_events',
      'calendar__*',
      '',
    ];
    for (const name of near) expect(catalog.find(name)).toBeUndefined();
  });

  test('a tool that is held back is neither listed nor found, and keeps its name taken', () => {
    const catalog = build({ a: ['x'], b: ['x'] }, 'none', (server) => server === 'a');
    expect(catalog.list.map(({ name }) => name)).toEqual(['request_elevation', 'list_permissions', 'b__x']);
    expect(catalog.find('a__x')).toBeUndefined();
    expect(catalog.held('a__x')).toMatchObject({ server: 'a', tool: 'x' });
  });

  test('every listed name is allowed, unique, and leads to its own tool', () => {
    const label = fc.oneof(
      fc.string({ minLength: 1, maxLength: 200 }),
      fc.constantFrom('a', 'a__b', 'b', 'b__c', 'c', 'list_permissions', '__proto__'),
    );
    const given = fc.uniqueArray(fc.tuple(label, fc.uniqueArray(label, { maxLength: 4 })), {
      maxLength: 4,
      selector: ([name]) => name,
    });
    fc.assert(
      fc.property(given, fc.constantFrom('auto' as const, 'none' as const, 'always' as const), (pairs, prefix) => {
        const tools = Object.fromEntries(pairs.filter(([name]) => name !== '__proto__'));
        const catalog = build(tools, prefix);
        const listed = catalog.list.map(({ name }) => name);
        expect(new Set(listed).size).toBe(listed.length);
        expect(listed.length).toBe(OWN.length + Object.values(tools).flat().length);
        for (const { name, inputSchema } of catalog.list) {
          expect(name).toMatch(/^[A-Za-z0-9_.-]{1,128}$/);
          expect(catalog.find(name)?.definition.inputSchema).toEqual(inputSchema);
        }
        expect(build(tools, prefix).list).toEqual(catalog.list);
      }),
      { numRuns: 200 },
    );
  });
});

describe('definitions', () => {
  test('go through with everything they have', () => {
    const definition = tool('x', {
      title: 'X',
      annotations: { readOnlyHint: true },
      icons: [{ src: 'i' }],
      outputSchema: { type: 'object' },
      future: 1,
    });
    const downstreams = servers({ s: [] });
    const all = downstreams.all().map((one) => ({ ...one, tools: () => [definition] }));
    const catalog = buildCatalog({ ...downstreams, all: () => all }, { prefix: 'always', own: [], hidden: () => false });
    expect(catalog.list).toEqual([{ ...definition, name: 's__x' }]);
    expect(catalog.find('s__x')?.definition).toBe(definition);
  });

  test('their digest sees every change of power, and not the order of keys', () => {
    const base = tool('x', { description: 'reads', inputSchema: { type: 'object', properties: { a: {}, b: {} } } });
    const digest = definitionDigest(base);
    expect(
      definitionDigest({
        inputSchema: { properties: { b: {}, a: {} }, type: 'object' },
        description: 'reads',
        name: 'x',
        icons: [],
      }),
    ).toBe(digest);
    const changes: Partial<ToolDefinition>[] = [
      { name: 'y' },
      { description: 'reads and sends' },
      { inputSchema: { type: 'object' } },
      { outputSchema: { type: 'object' } },
      { annotations: { readOnlyHint: true } },
    ];
    for (const change of changes) expect(definitionDigest({ ...base, ...change })).not.toBe(digest);
  });
});
