// The audit outside the house: its forms, and queues that lose their own events before they could hold up or thin the log.
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { toOcsf } from '../../../server/audit/ocsf.ts';
import { CallTelemetry, logsOf } from '../../../server/audit/otlp.ts';
import { Outbox, type Place } from '../../../server/audit/outbox.ts';
import { openPlaces, syslogMessage } from '../../../server/audit/places.ts';
import { systemClock } from '../../../server/clock.ts';
import type { AuditEvent, AuditInput } from '../../../server/ports.ts';
import { HandClock, MemoryDisk, openInMemory } from './world.ts';

const WHO = { agent_id: 'felix-prod', user: 'john', session_id: 's1', server: 'files', tool: 'read' };
const CALLS: AuditInput[] = [
  {
    ...{ ...WHO, type: 'call.intent', call_id: 'call_1', action: 'read:files:plan.md', decision: 'allow', rule: 'plans' },
    actions: [{ action: 'read:files:plan.md', decision: 'allow', rule: 'plans' }],
  },
  { ...WHO, type: 'call.outcome', call_id: 'call_1', outcome: 'ok', duration_us: 12_000 },
  {
    ...WHO,
    type: 'call.refused',
    action: 'delete:files:plan.md',
    decision: 'deny',
    rule: 'no',
    risk: { level: 'high', score: 60, factors: [] },
  },
];

async function recorded(inputs: AuditInput[] = CALLS): Promise<AuditEvent[]> {
  const log = await openInMemory(new MemoryDisk(), new HandClock());
  const events: AuditEvent[] = [];
  for (const input of inputs) events.push(await log.append(input));
  await log.close();
  return events;
}

/** What each class demands at least (schema.ocsf.io/1.5.0), and the profile that brings what else is used. */
const DEMANDED: Record<number, string[]> = {
  0: [],
  3002: ['user', 'service'],
  3005: ['user', 'privileges'],
  6003: ['actor', 'api', 'src_endpoint'],
};

describe('OCSF', () => {
  it('has what the schema demands of each class, and names the profile of what it does not demand', async () => {
    const grant = { agent_id: 'felix-prod', user: 'john', grant_id: 'g1', scope: ['read:files'] };
    const events = await recorded([
      ...CALLS,
      { type: 'session.opened', user: 'john' },
      { type: 'session.closed', user: 'john' },
      { ...grant, type: 'grant.issued', action: 'permission_granted' },
      { ...grant, type: 'grant.revoked' },
      { type: 'policy.loaded' },
      { type: 'lock.set', approver: 'os:anna' },
    ]);
    const all = events.map((event) => toOcsf(event, '1.0.0'));
    expect(new Set(all.map(({ class_uid }) => class_uid))).toEqual(new Set([0, 3002, 3005, 6003]));
    for (const one of all) {
      const demanded = ['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid'];
      for (const name of [...demanded, ...DEMANDED[Number(one.class_uid)]!])
        expect(one, JSON.stringify(one)).toHaveProperty(name);
      expect(one.type_uid).toBe(Number(one.class_uid) * 100 + Number(one.activity_id));
      expect(one.category_uid).toBe(Math.floor(Number(one.class_uid) / 1000));
      expect(one.metadata).toMatchObject({ version: '1.5.0', product: { vendor_name: 'mcp-perimeter' } });
      const { profiles } = one.metadata as { profiles: string[] };
      expect(profiles.includes('security_control')).toBe('action_id' in one || 'risk_level_id' in one);
      expect(profiles.includes('host')).toBe(one.class_uid === 0);
      // the schema wants one of these of every actor
      expect(Object.keys(one.actor as object)).toContainEqual(expect.stringMatching(/^(?:user|session|app_name|app_uid)$/));
    }
    expect(all.slice(-2).map(({ actor }) => actor)).toEqual([
      { app_name: 'Perimeter' },
      { user: { name: 'os:anna', uid: 'os:anna' } },
    ]);
    expect(all[2]).toMatchObject({
      action: 'Denied',
      disposition: 'Blocked',
      risk_level_id: 3,
      risk_level: 'High',
      severity_id: 4,
    });
    expect(all[0]?.metadata).toMatchObject({ event_code: 'call.intent' });
  });

  it('has calls as API activity, with what was decided, and loses no field', async () => {
    const [intent, outcome, refused] = (await recorded()).map((event) => toOcsf(event, '1.0.0'));
    expect(intent).toMatchObject({
      class_uid: 6003,
      type_uid: 600302,
      disposition_id: 1,
      actor: { user: { name: 'john' }, app_name: 'felix-prod' },
    });
    expect(intent).toMatchObject({
      api: { operation: 'read', service: { name: 'files' } },
      resources: [{ name: 'read:files:plan.md', type: 'files' }],
    });
    expect(intent?.metadata).toMatchObject({ sequence: 2, product: { name: 'Perimeter' } });
    expect(intent?.unmapped).toMatchObject({
      rule: 'plans',
      record: { fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(outcome).toMatchObject({ status_id: 1, duration: 12 });
    expect(refused).toMatchObject({ type_uid: 600304, status_id: 2, disposition_id: 2, severity_id: 4 });
  });

  it('has sessions and grants in their own classes, and the rest as base events', async () => {
    const kinds = ['session.opened', 'session.closed', 'grant.issued', 'grant.revoked', 'lock.set'];
    const found = (await recorded(kinds.map((type) => ({ type, user: 'john' })))).map((event) => toOcsf(event, '1').type_uid);
    expect(found).toEqual([300201, 300202, 300501, 300502, 99]);
  });
});

describe('OpenTelemetry', () => {
  it('has each call as one span, refused ones as errors, and the times of all as a histogram', async () => {
    const events = await recorded();
    const calls = new CallTelemetry('1.0.0');
    for (const event of events) calls.see(event);
    const traces = calls.traces() as { resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[] };
    const spans = traces.resourceSpans[0]!.scopeSpans[0]!.spans;
    expect(spans).toMatchObject([
      {
        name: 'tools/call read',
        kind: 2,
        traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
        spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
        status: { code: 1 },
      },
      { status: { code: 2, message: 'perimeter.deny' } },
    ]);
    expect(spans[0]!.attributes).toContainEqual({ key: 'gen_ai.tool.name', value: { stringValue: 'read' } });
    const metrics = JSON.stringify(calls.metrics(1_700_000_000_000));
    expect(metrics).toContain(
      '"name":"mcp.server.operation.duration","unit":"s","histogram":{"aggregationTemporality":1,"dataPoints":[{',
    );
    expect(metrics).toMatch(/"timeUnixNano":"1700000000000000000","count":"1","sum":0.012,"bucketCounts":\["0","1",/);
    // OTLP's JSON, as the proto's 64-bit numbers, enums and bytes are written: texts, numbers, hex
    expect(spans[0]).toMatchObject({
      startTimeUnixNano: expect.stringMatching(/^\d{19}$/),
      endTimeUnixNano: expect.stringMatching(/^\d{19}$/),
    });
    expect(spans[0]!.attributes).toContainEqual({ key: 'perimeter.seq', value: { intValue: '2' } });
    expect(calls.traces()).toBeUndefined();
    expect(calls.metrics(0)).toBeUndefined();
    expect(JSON.stringify(logsOf(events, '1.0.0'))).toContain('"eventName":"perimeter.call.refused"');
  });
});

describe('a call without an outcome', () => {
  it('is a span whose outcome is unknown once another guard goes on, and is not counted', async () => {
    const [intent, outcome] = await recorded();
    const calls = new CallTelemetry('1.0.0');
    calls.see(intent!);
    expect(calls.traces()).toBeUndefined();
    const { call_id: _none, ...opened } = { ...intent!, type: 'audit.opened' };
    calls.see(opened);
    const told = JSON.parse(JSON.stringify(calls.traces()));
    const [span, ...others] = told.resourceSpans[0].scopeSpans[0].spans;
    expect(others).toEqual([]);
    expect(span).toMatchObject({ name: 'tools/call read', status: { code: 0 }, endTimeUnixNano: span.startTimeUnixNano });
    expect(span.attributes).toContainEqual({ key: 'perimeter.outcome', value: { stringValue: 'unknown' } });
    // what comes too late changes nothing
    calls.see(outcome!);
    expect([calls.traces(), calls.metrics(0)]).toEqual([undefined, undefined]);
  });

  it('is told of, the oldest first, when more than a thousand wait', async () => {
    const [intent] = await recorded();
    const calls = new CallTelemetry('1.0.0');
    for (let at = 0; at <= 1001; at += 1) calls.see({ ...intent!, call_id: `call_${at}`, tool: `tool${at}` });
    expect(JSON.stringify(calls.traces()).match(/tools\/call tool\d+/g)).toEqual(['tools/call tool0', 'tools/call tool1']);
  });
});

describe('an outbox', () => {
  const event = (seq: number) => ({ seq, type: 'call.refused' }) as AuditEvent;

  it('sends in order, and again after a failure', async () => {
    const sent: number[] = [];
    let fails = 1;
    const place: Place = {
      name: 'a place',
      send: async (events) => {
        if (fails-- > 0) throw new Error('not now');
        sent.push(...events.map((one) => one.seq));
      },
    };
    const said: string[] = [];
    const outbox = new Outbox(place, (line) => said.push(line), 5);
    for (let seq = 1; seq <= 5; seq += 1) outbox.offer(event(seq));
    await vi.waitFor(() => expect(sent).toEqual([1, 2, 3, 4, 5]), 5000);
    expect(said).toEqual(['a place did not take events: not now; they are tried again']);
    await outbox.close();
  });

  it('drops its own oldest events when the place hangs, says so once, and closes in time', async () => {
    const said: string[] = [];
    const place: Place = {
      name: 'a place',
      send: (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped')))),
    };
    const outbox = new Outbox(place, (line) => said.push(line), 0);
    for (let seq = 1; seq <= 10_100; seq += 1) outbox.offer(event(seq));
    expect(outbox.dropped).toBe(100);
    expect(said).toHaveLength(1);
    const started = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await outbox.close();
    expect(performance.now() - started).toBeLessThan(6000);
  });

  it('holds up no append, though every place hangs', async () => {
    const log = await openInMemory(new MemoryDisk(), new HandClock());
    const outbox = new Outbox({ name: 'a place', send: () => new Promise(() => undefined) }, () => undefined, 0);
    log.onEvent((one) => outbox.offer(one));
    for (let at = 0; at < 100; at += 1) await log.append({ type: 'call.refused' });
    expect(log.seq).toBe(101);
    await log.close();
  });
});

describe('places', () => {
  it('posts to a webhook and to a collector, with the headers that were set', async () => {
    const got: { url: string; token: unknown; body: string }[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (bytes: Buffer) => {
        body += bytes.toString();
      });
      request.on('end', () => {
        got.push({ url: request.url ?? '', token: request.headers.authorization, body });
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const headers = { authorization: 'Bearer t' };
    const events = await recorded();
    for (const place of openPlaces(
      { webhook: { url: `${url}/hook`, headers }, otel: { url, headers } },
      { clock: systemClock, version: '1' },
    ))
      await place.send(events, AbortSignal.timeout(5000));
    expect(got.map((one) => one.url)).toEqual(['/hook', '/v1/logs', '/v1/traces', '/v1/metrics']);
    expect(got.every((one) => one.token === 'Bearer t')).toBe(true);
    expect(
      got[0]!.body
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(events);
  });

  it('counts the octets of what it sends to a syslog server', async () => {
    let received = Buffer.alloc(0);
    const server = createTcp((socket) => socket.on('data', (bytes) => (received = Buffer.concat([received, bytes]))));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const events = await recorded();
    const [place] = openPlaces(
      { syslog: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` },
      { clock: systemClock, version: '1' },
    );
    await place!.send(events, AbortSignal.timeout(5000));
    const whole = events
      .map((event) => syslogMessage(event))
      .map((message) => `${Buffer.byteLength(message)} ${message}`)
      .join('');
    await vi.waitFor(() => expect(received.toString()).toBe(whole));
    expect(whole).toMatch(/^\d+ <110>1 2026-11-17T\S+ \S+ perimeter \d+ call\.intent - \uFEFF\{"seq":2/);
    place!.close?.();
  });
});
