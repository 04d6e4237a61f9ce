// Storage that carries files away is critical by itself, by folder and by host.
import { expect, test } from 'vitest';
import { externalStorage } from '../../../../policies/risk/destination/external_storage.ts';
import { assess } from '../../../../policies/risk.ts';
import { storageHost } from '../../../../policies/values/storage.ts';
import { action } from '../../sample.ts';
import { cases, toAssess, web } from '../cases.ts';

cases(externalStorage, {
  yes: {
    'a synced folder': { reading: { storage: 'Dropbox' } },
    'an upload': web('write', 'content.dropboxapi.com'),
    'a catcher of requests': web('write', 'webhook.site'),
  },
  no: { 'a download': web('read', 'drive.google.com'), elsewhere: web('write', 'api.partner.example') },
});

test('files to external storage are the maximum', () => {
  expect(assess(toAssess({ actions: [action('write:files:a')], reading: { storage: 'Dropbox' } })).level).toBe('critical');
});

test('a storage host is one by its whole name', () => {
  expect(['dropbox.com', 'www.dropbox.com.', 'my-bucket.s3.eu-west-1.amazonaws.com:443'].every(storageHost)).toBe(true);
  expect(['notdropbox.com', 'dropbox.com.attacker.example', 'example.com'].some(storageHost)).toBe(false);
});
