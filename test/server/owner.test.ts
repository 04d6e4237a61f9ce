// One owner per state directory: exactly one wins, the others reach it, and its death frees the directory.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandError, claim, connectOwner, type Owner } from '../../server/owner/index.ts';
import { highestLock, takeLock } from '../../server/owner/lock.ts';

const DIST = resolve(import.meta.dirname, '../../dist');
const PROGRAM = join(import.meta.dirname, 'fixtures/owner-process.mjs');
const VERSION = '0.1.0';

let dir: string;
let owners: Owner[];
let children: ChildProcess[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'perimeter-owner-'));
  owners = [];
  children = [];
});
afterEach(async () => {
  for (const owner of owners) await owner.close();
  for (const child of children) child.kill('SIGKILL');
  await rm(dir, { recursive: true, force: true });
});

const own = async (state = dir): Promise<Owner> => {
  const claimed = await claim(state);
  if ('ownedBy' in claimed) throw new Error(`owned by ${claimed.ownedBy}`);
  owners.push(claimed);
  return claimed;
};

/** Starts a process that claims; gives what it said. */
const start = (state = dir) => {
  const child = spawn(process.execPath, [PROGRAM, DIST, state], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const said = new Promise<string>((settle, reject) => {
    child.stdout.once('data', (chunk: Buffer) => settle(chunk.toString().trim()));
    child.once('exit', (code) => reject(new Error(`it exited with ${code}`)));
  });
  const exited = new Promise<number | null>((settle) => child.once('exit', (code) => settle(code)));
  return { child, said, exited };
};

describe('claiming', () => {
  it('listens on a private socket, with a private key beside it', async () => {
    const owner = await own();
    expect(owner.socketPath).toBe(join(dir, 'guard.sock'));
    const socket = await stat(owner.socketPath);
    expect(socket.isSocket()).toBe(true);
    expect(socket.mode & 0o777).toBe(0o600);
    expect((await stat(join(dir, 'owner.key'))).mode & 0o777).toBe(0o600);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
  });

  it('is won once, by any spelling of the directory, and again after closing', async () => {
    const owner = await own();
    await symlink(dir, `${dir}-link`);
    expect(await claim(`${dir}-link`)).toEqual({ ownedBy: owner.socketPath });
    await rm(`${dir}-link`);
    await owner.close();
    expect(existsSync(owner.socketPath)).toBe(false);
    expect(await connectOwner(dir)).toBeUndefined();
    await own();
  });

  it('in one process, many at once: one owner', async () => {
    const claimed = await Promise.all(Array.from({ length: 20 }, () => claim(dir)));
    const winners = claimed.filter((one): one is Owner => !('ownedBy' in one));
    owners.push(...winners);
    expect(winners).toHaveLength(1);
  });

  it('a lock number that was passed by is never an ownership', async () => {
    // A slow starter creates number 2 after a faster one took 3 and cleared 2 away.
    expect(await takeLock(dir, 3)).toBe(true);
    expect(await takeLock(dir, 2)).toBe(false);
    expect(await takeLock(dir, 3)).toBe(false);
    expect((await highestLock(dir))?.number).toBe(3);
  });

  it('takes over from a lock of a process id that is used again, and from one that cannot be read', async () => {
    await writeFile(join(dir, 'owner.4.lock'), JSON.stringify({ pid: process.pid, started: 'another start', released: false }));
    const owner = await own();
    await owner.close();
    expect((await highestLock(dir))?.number).toBe(5);
    await writeFile(join(dir, 'owner.9.lock'), 'not json');
    await own();
    expect((await highestLock(dir))?.number).toBe(10);
  });

  it('takes over the socket that a crash left behind', async () => {
    await writeFile(join(dir, 'guard.sock'), '');
    await own();
    expect((await stat(join(dir, 'guard.sock'))).isSocket()).toBe(true);
  });
});

describe('real processes', () => {
  it('ten at once give exactly one owner; after its kill -9 the next ten give exactly one again', async () => {
    const race = async () => {
      const ten = Array.from({ length: 10 }, () => start());
      const said = await Promise.all(ten.map((one) => one.said));
      expect(said.filter((word) => word === 'owner')).toHaveLength(1);
      expect(said.filter((word) => word === 'piped')).toHaveLength(9);
      return ten[said.indexOf('owner')]!;
    };
    const owner = await race();
    owner.child.kill('SIGKILL');
    await owner.exited;
    const next = await race();
    const connection = await connectOwner(dir);
    expect(await connection?.command('who', {})).toEqual({ command: 'who', pid: next.child.pid });
    expect((await readdir(dir)).sort()).toEqual(['guard.sock', 'owner.2.lock', 'owner.key']);
  });

  it('an owner that is asked to stop closes its socket and exits 0', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const { child, said, exited } = start();
      expect(await said).toBe('owner');
      child.kill(signal);
      expect(await exited).toBe(0);
      expect(existsSync(join(dir, 'guard.sock'))).toBe(false);
    }
  });

  it('a client piped to an owner that is killed learns it', async () => {
    const { child, said } = start();
    expect(await said).toBe('owner');
    const connection = await connectOwner(dir);
    const input = new PassThrough();
    const output = new PassThrough();
    const ended = connection!.pipeClient(input, output, { version: VERSION, agent: 'felix-prod' });
    output.once('data', () => child.kill('SIGKILL'));
    expect(await ended).toBe('owner');
  });
});

describe('a piped client', () => {
  it('has its lines passed on raw, in both directions, whatever size, until it ends', async () => {
    const owner = await own();
    owner.onClient((stream, hello) => {
      expect(hello).toMatchObject({ as: 'client', agent: 'felix-prod', version: VERSION, pid: process.pid });
      stream.on('data', (chunk) => stream.write(chunk));
      stream.on('end', () => stream.end('bye'));
    });
    const input = new PassThrough();
    const output = new PassThrough();
    const heard = text(output);
    const ended = (await connectOwner(dir))!.pipeClient(input, output, { version: VERSION, agent: 'felix-prod' });
    const big = `${'x'.repeat(3_000_000)}\n`;
    input.write('{"jsonrpc":"2.0"}\n');
    input.end(big);
    expect(await ended).toBe('client');
    output.end();
    expect(await heard).toBe(`{"jsonrpc":"2.0"}\n${big}bye`);
  });

  it('waits for an owner that is still getting ready', async () => {
    const owner = await own();
    const input = new PassThrough();
    const output = new PassThrough();
    const ended = (await connectOwner(dir))!.pipeClient(input, output, { version: VERSION });
    input.end('early');
    await new Promise((settle) => setTimeout(settle, 50));
    owner.onClient((stream) => stream.pipe(stream));
    expect(await ended).toBe('client');
    expect(output.read()?.toString()).toBe('early');
  });

  it('is let go when the owner closes', async () => {
    const owner = await own();
    owner.onClient((stream) => void stream.write('hi'));
    const output = new PassThrough();
    const ended = (await connectOwner(dir))!.pipeClient(new PassThrough(), output, { version: VERSION });
    await new Promise((settle) => output.once('data', settle));
    await owner.close();
    expect(await ended).toBe('owner');
  });
});

describe('a command', () => {
  it('is answered with its result, its events before it', async () => {
    const owner = await own();
    owner.onCommand(async (command, params, stream, peer) => {
      stream.event({ n: 1 });
      stream.event(undefined);
      return { command, params, as: peer.as, version: peer.version };
    });
    const events: unknown[] = [];
    const answer = await (await connectOwner(dir, VERSION))!.command('tail', { limit: 5 }, (event) => events.push(event));
    expect(answer).toEqual({ command: 'tail', params: { limit: 5 }, as: 'command', version: VERSION });
    expect(events).toEqual([{ n: 1 }, null]);
  });

  it('that fails gives code and message, never a stack', async () => {
    const owner = await own();
    owner.onCommand(async (command) => {
      throw command === 'approve'
        ? new CommandError('not_found', 'no request `r1`: see `perimeter pending`')
        : new TypeError('boom');
    });
    const connection = (await connectOwner(dir))!;
    await expect(connection.command('approve', {})).rejects.toMatchObject({
      code: 'not_found',
      message: 'no request `r1`: see `perimeter pending`',
    });
    await expect(connection.command('other', {})).rejects.toMatchObject({ code: 'failed', message: 'boom' });
  });

  it('can be stopped by who asked, and its handler notices', async () => {
    const owner = await own();
    let stopped: Promise<unknown> = Promise.resolve();
    owner.onCommand((_command, _params, stream) => {
      stopped = new Promise((settle) => stream.signal.addEventListener('abort', settle));
      stream.event('ready');
      return new Promise(() => undefined);
    });
    const stop = new AbortController();
    const answer = (await connectOwner(dir))!.command('tail', {}, () => stop.abort(), stop.signal);
    await expect(answer).rejects.toMatchObject({ code: 'stopped' });
    await stopped;
  });

  it('is told when the owner hangs', async () => {
    const { child, said } = start();
    expect(await said).toBe('owner');
    const connection = (await connectOwner(dir))!;
    child.kill('SIGSTOP');
    await expect(connection.command('approve', {})).rejects.toMatchObject({ code: 'silent' });
    // It still holds the directory: who hangs may go on writing when it wakes up.
    expect(await claim(dir)).toEqual({ ownedBy: join(dir, 'guard.sock') });
  });

  it('is told when the owner goes away', async () => {
    const owner = await own();
    owner.onCommand(() => new Promise(() => void owner.close()));
    const connection = (await connectOwner(dir))!;
    await expect(connection.command('approve', {})).rejects.toMatchObject({ code: 'gone' });
    await expect(connection.command('approve', {})).rejects.toMatchObject({ code: 'gone' });
  });
});

describe('who is not let in', () => {
  /** Says something to the socket and gives all that it says back. */
  const say = async (line: string): Promise<string> => {
    const socket = createConnection(join(dir, 'guard.sock'));
    socket.on('error', () => undefined);
    socket.write(line);
    return await text(socket);
  };
  let reached: string[];
  beforeEach(async () => {
    reached = [];
    const owner = await own();
    owner.onClient(() => reached.push('client'));
    owner.onCommand(async (command) => reached.push(command));
  });
  afterEach(() => expect(reached).toEqual([]));

  it('somebody without the key', async () => {
    const hello = { protocol: 1, key: 'a'.repeat(64), as: 'command', version: VERSION };
    expect(await say(`${JSON.stringify(hello)}\n{"id":1,"command":"approve","params":{}}\n`)).toContain('"code":"key"');
    expect(await say(`${JSON.stringify({ ...hello, key: '' })}\n`)).toContain('"code":"key"');
  });

  it('a key of an owner before', async () => {
    const former = await readFile(join(dir, 'owner.key'), 'utf8');
    await owners.pop()!.close();
    await own();
    expect(await say(`${JSON.stringify({ protocol: 1, key: former, as: 'client', version: VERSION })}\n`)).toContain(
      '"code":"key"',
    );
  });

  it('another version of the protocol, in words', async () => {
    const key = await readFile(join(dir, 'owner.key'), 'utf8');
    expect(await say(`${JSON.stringify({ protocol: 2, key, as: 'client', version: '9' })}\n`)).toContain('use the same version');
  });

  it('garbage, an endless line, and a command that is none', async () => {
    expect(await say('GET / HTTP/1.1\r\n\r\n')).toBe('');
    expect(await say('x'.repeat(2_000_000)).catch(() => '')).toBe('');
    const key = await readFile(join(dir, 'owner.key'), 'utf8');
    const hello = JSON.stringify({ protocol: 1, key, as: 'command', version: VERSION });
    expect(await say(`${hello}\n{"id":1,"command":["approve"]}\n`)).toBe('{"ok":true}\n');
  });
});

describe('a state directory whose path is too long for a socket', () => {
  const long = () => join(dir, 'long'.repeat(30), 'state');

  it('is reached through a private folder in the temporary directory', async () => {
    const owner = await own(long());
    owner.onCommand(async () => 'here');
    expect(owner.socketPath.length).toBeLessThan(100);
    expect((await stat(join(owner.socketPath, '..'))).mode & 0o777).toBe(0o700);
    expect(await claim(long())).toEqual({ ownedBy: owner.socketPath });
    expect(await (await connectOwner(long()))!.command('x', {})).toBe('here');
  });

  it('is refused when that folder is open to others', async () => {
    const owner = await own(long());
    await owner.close();
    const folder = join(owner.socketPath, '..');
    await chmod(folder, 0o777);
    await expect(claim(long())).rejects.toThrow('is not a private folder of this account');
    await expect(connectOwner(long())).rejects.toThrow('is not a private folder of this account');
    await rm(folder, { recursive: true });
    await mkdir(join(dir, 'elsewhere'));
    await symlink(join(dir, 'elsewhere'), folder);
    await expect(claim(long())).rejects.toThrow('is not a private folder of this account');
    await rm(folder);
  });
});
