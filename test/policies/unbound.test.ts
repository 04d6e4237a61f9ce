// The guess at a tool that no binding describes: the worst word in its name counts, and nothing it says of itself makes it milder.
import { describe, expect, test } from 'vitest';
import { guessVerb } from '../../policies/unbound.ts';

const schema = (...names: string[]) => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
});
const verb = (name: string, ...names: string[]) => guessVerb(name, schema(...names), undefined).verb;

describe('by its name', () => {
  test.each([
    ['get_weather', 'read'],
    ['getWeather', 'read'],
    ['list-files', 'list'],
    ['search_issues', 'search'],
    ['create_issue', 'create'],
    ['update_issue', 'write'],
    ['send_message', 'send'],
    ['reply_to_thread', 'send'],
    ['share_document', 'share'],
    ['delete_repository', 'delete'],
    ['move_file', 'move'],
    ['run_query', 'execute'],
    ['frobnicate', 'execute'],
    ['', 'execute'],
    ['read_and_delete', 'delete'],
    ['get_or_create_user', 'create'],
    ['listThenRun', 'execute'],
    ['GET_SECRET', 'read'],
    ['HTTPFetch', 'read'],
    ['readonly', 'execute'],
    ['reading', 'execute'],
  ])('%s is %s', (name, expected) => {
    expect(verb(name)).toBe(expected);
  });
});

describe('by its arguments', () => {
  test.each([
    'output_path',
    'destination',
    'save_to_file',
    'webhook_url',
    'callback',
    'command',
    'operation',
    'sql_method',
    'script',
    'headers',
    'connection_string',
  ])('a read with `%s`', (name) => {
    expect(['execute', 'read']).toContain(verb('get_thing', name));
  });
  test.each(['output_path', 'destination', 'webhook_url', 'command', 'operation', 'headers', 'connection_string'])(
    'reaches elsewhere with `%s`',
    (name) => {
      expect(verb('get_thing', 'id', name)).toBe('execute');
    },
  );
  test.each([
    'path',
    'url',
    'markSeen',
    'delete_after',
    'notify',
    'outputPath',
    'savePath',
    'webhookUrl',
    'connectionString',
    'endpoint',
  ])('`%s` makes a read of messages more than one, by the schema or as it is given', (name) => {
    expect(verb('get_messages', 'id', name)).toBe('execute');
    expect(guessVerb('get_messages', { type: 'object' }, undefined, { filter: [{ [name]: 'x' }] }).verb).toBe('execute');
  });
  test.each([
    ['read_file', 'path'],
    ['fetch_page', 'url'],
    ['list_directory', 'path'],
    ['get_thing', 'created_after'],
    ['get_thing', 'updatedSince'],
    ['get_thing', 'sender'],
  ])('%s with `%s` is what it says', (tool, name) => {
    expect(['read', 'list']).toContain(verb(tool, name));
  });
  test('only what it takes counts, not what it is called beside', () => {
    expect(verb('get_thing', 'id', 'limit')).toBe('read');
    expect(verb('delete_thing', 'command')).toBe('delete');
  });
  test('a schema that says nothing could take anything', () => {
    expect(guessVerb('get_thing', undefined, undefined).verb).toBe('execute');
    expect(guessVerb('get_thing', 'x', undefined).verb).toBe('execute');
    expect(guessVerb('get_thing', { properties: 5 }, undefined).verb).toBe('execute');
  });
});

describe('its annotations', () => {
  test('never make it milder', () => {
    for (const hints of [{ readOnlyHint: true }, { readOnlyHint: true, destructiveHint: false }, { idempotentHint: true }]) {
      expect(guessVerb('delete_all', schema(), hints)).toEqual({ verb: 'delete', destructive: true });
      expect(guessVerb('frobnicate', schema(), hints).verb).toBe('execute');
      expect(guessVerb('send', schema(), hints).verb).toBe('send');
    }
  });
  test('make it worse', () => {
    expect(guessVerb('get_thing', schema(), { destructiveHint: true })).toEqual({ verb: 'execute', destructive: true });
    expect(guessVerb('get_thing', schema(), { readOnlyHint: false }).verb).toBe('execute');
  });
  test('that are no object are none', () => {
    expect(guessVerb('get_thing', schema(), 'destructive').verb).toBe('read');
    expect(guessVerb('get_thing', schema(), null).verb).toBe('read');
  });
});
