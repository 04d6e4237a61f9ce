// An authenticator in software, ES256 and honest unless told otherwise: what a browser and a security key would answer together.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { KeyOptions } from '../../server/passkeys.ts';

/** What an attack changes of an honest answer. */
export type Told = { origin?: string; rpId?: string; verified?: boolean; crossOrigin?: boolean; counter?: number; type?: string };

const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const sha256 = (data: Uint8Array | string): Buffer => createHash('sha256').update(data).digest();

export class SoftKey {
  readonly id = b64(randomBytes(16));
  counter = 0;
  readonly #origin: string;
  readonly #private: KeyObject;
  readonly #cose: Buffer;

  constructor(origin: string) {
    this.#origin = origin;
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#private = privateKey;
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    // RFC 9053, 7.1: {1: 2, 3: -7, -1: 1, -2: x, -3: y}
    const coordinate = (label: number, text: string) =>
      Buffer.concat([Buffer.from([label, 0x58, 32]), Buffer.from(text, 'base64url')]);
    this.#cose = Buffer.concat([Buffer.from([0xa5, 1, 2, 3, 0x26, 0x20, 1]), coordinate(0x21, x), coordinate(0x22, y)]);
  }

  /** What `navigator.credentials.create` answers, as JSON. */
  create({ challenge }: KeyOptions, told: Told = {}): Record<string, unknown> {
    const id = Buffer.from(this.id, 'base64url');
    const credential = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, this.#cose]);
    const data = Buffer.concat([this.#head(told, 0x40), credential]);
    // CBOR: {fmt: "none", attStmt: {}, authData: data}
    const attestation = Buffer.concat([
      Buffer.from([0xa3, 0x63]),
      Buffer.from('fmt'),
      Buffer.from([0x64]),
      Buffer.from('none'),
      Buffer.from([0x67]),
      Buffer.from('attStmt'),
      Buffer.from([0xa0, 0x68]),
      Buffer.from('authData'),
      Buffer.from([0x59, data.length >> 8, data.length & 0xff]),
      data,
    ]);
    const client = this.#client('webauthn.create', challenge, told);
    return this.#answer({ clientDataJSON: b64(client), attestationObject: b64(attestation), transports: ['internal'] });
  }

  /** What `navigator.credentials.get` answers, as JSON. */
  get({ challenge }: KeyOptions, told: Told = {}): Record<string, unknown> {
    this.counter = told.counter ?? this.counter + 1;
    const client = this.#client('webauthn.get', challenge, told);
    const data = this.#head(told, 0);
    const signature = sign('sha256', Buffer.concat([data, sha256(client)]), this.#private);
    return this.#answer({ clientDataJSON: b64(client), authenticatorData: b64(data), signature: b64(signature) });
  }

  #head({ rpId = 'localhost', verified = true }: Told, flags: number): Buffer {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(this.counter);
    return Buffer.concat([sha256(rpId), Buffer.from([flags | 1 | (verified ? 4 : 0)]), counter]);
  }

  #client(type: string, challenge: string, told: Told): Buffer {
    const { origin = this.#origin, crossOrigin = false } = told;
    return Buffer.from(JSON.stringify({ type: told.type ?? type, challenge, origin, crossOrigin }));
  }

  #answer(response: Record<string, unknown>): Record<string, unknown> {
    return { id: this.id, rawId: this.id, type: 'public-key', response, clientExtensionResults: {} };
  }
}
