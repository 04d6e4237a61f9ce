// Destination: somebody outside, storage that carries it away, everybody.
import { expect, test } from 'vitest';
import { DESTINATION } from '../../../policies/risk/destination.ts';
import { assess } from '../../../policies/risk.ts';
import { storageHost } from '../../../policies/values/storage.ts';
import { action } from '../sample.ts';
import { cases, toAssess } from './cases.ts';

const web = (verb: 'read' | 'write', host: string) => ({
  actions: [{ verb, domain: 'web', kind: 'url' as const, resource: `${host}/a`, segments: [host, 'a'] }],
  reading: { facts: { 'url.host': host, destination: 'external' } },
});

cases(DESTINATION, {
  foreign_destination: {
    yes: {
      'a mail': { actions: [action('send:email')], reading: { facts: { destination: 'external' } } },
      'a request': web('read', 'x.example'),
    },
    no: {
      inside: { actions: [action('send:email')], reading: { facts: { destination: 'internal' } } },
      'a look': { reading: { facts: { destination: 'external' } } },
    },
  },
  external_storage: {
    yes: {
      'a synced folder': { reading: { storage: 'Dropbox' } },
      'an upload': web('write', 'content.dropboxapi.com'),
      'a catcher of requests': web('write', 'webhook.site'),
    },
    no: { 'a download': web('read', 'drive.google.com'), elsewhere: web('write', 'api.partner.example') },
  },
  public_link: { yes: { shared: { reading: { opened: 'visibility' } } }, no: { not: {} } },
});

test('files to external storage are the maximum', () => {
  expect(assess(toAssess({ actions: [action('write:files:a')], reading: { storage: 'Dropbox' } })).level).toBe('critical');
});

test('a storage host is one by its whole name', () => {
  expect(['dropbox.com', 'www.dropbox.com.', 'my-bucket.s3.eu-west-1.amazonaws.com:443'].every(storageHost)).toBe(true);
  expect(['notdropbox.com', 'dropbox.com.attacker.example', 'example.com'].some(storageHost)).toBe(false);
});
