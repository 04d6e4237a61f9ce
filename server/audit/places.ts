// The places that audit events are sent to as they happen: a webhook, a syslog server, an OpenTelemetry collector.
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls } from 'node:tls';
import type { AuditEvent, Clock } from '../ports.ts';
import { CallTelemetry, logsOf } from './otlp.ts';
import type { Place } from './outbox.ts';

export type Address = { url: string; headers?: Record<string, string> };
/** `syslog` is `udp://`, `tcp://` or `tls://` with host and port. */
export type PlacesConfig = { webhook?: Address; syslog?: string; otel?: Address };

/** A place for each that is configured. */
export function openPlaces(config: PlacesConfig, parts: { clock: Clock; version: string }): Place[] {
  const places: Place[] = [];
  if (config.webhook) places.push(webhookPlace(config.webhook));
  if (config.syslog) places.push(syslogPlace(config.syslog));
  if (config.otel) places.push(otelPlace(config.otel, parts));
  return places;
}

/** Events as JSON Lines, posted. */
function webhookPlace({ url, headers = {} }: Address): Place {
  return {
    name: `the audit webhook at ${new URL(url).origin}`,
    send: (events, signal) =>
      post(
        url,
        { ...headers, 'content-type': 'application/x-ndjson' },
        events.map((event) => `${JSON.stringify(event)}\n`).join(''),
        signal,
      ),
  };
}

function otelPlace({ url, headers = {} }: Address, { clock, version }: { clock: Clock; version: string }): Place {
  const base = url.replace(/\/+$/, '');
  const calls = new CallTelemetry(version);
  let seen = 0;
  const sent = (what: string, body: Record<string, unknown> | undefined, signal: AbortSignal) =>
    body && post(`${base}/v1/${what}`, { ...headers, 'content-type': 'application/json' }, JSON.stringify(body), signal);
  return {
    name: `the OpenTelemetry collector at ${new URL(url).origin}`,
    async send(events, signal) {
      await sent('logs', logsOf(events, version), signal);
      // A batch that comes again after a failure is counted once.
      for (const event of events) if (event.seq > seen) calls.see(event);
      seen = Math.max(seen, events.at(-1)?.seq ?? 0);
      await sent('traces', calls.traces(), signal);
      await sent('metrics', calls.metrics(clock.now()), signal);
    },
  };
}

async function post(url: string, headers: Record<string, string>, body: string, signal: AbortSignal): Promise<void> {
  const answer = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' });
  await answer.body?.cancel();
  if (!answer.ok) throw new Error(`it answered ${answer.status}`);
}

/** Facility 13, log audit (RFC 5424, 6.2.1), and the severities of our levels. */
const FACILITY = 13;
const SEVERITY: Readonly<Record<string, number>> = { medium: 5, high: 4, critical: 2 };
const INFORMATIONAL = 6;
/** Datagrams longer than this are not sure to arrive (RFC 5426, 3.2 lets receivers cut them). Bytes. */
const MAX_DATAGRAM = 60_000;

/** One event as one message of RFC 5424, its JSON as the text. */
export function syslogMessage(event: AuditEvent): string {
  const priority = FACILITY * 8 + (SEVERITY[event.risk?.level ?? ''] ?? INFORMATIONAL);
  const host =
    hostname()
      .replace(/[^!-~]/g, '')
      .slice(0, 255) || '-';
  const kind = event.type.replace(/[^!-~]/g, '').slice(0, 32) || '-';
  return `<${priority}>1 ${event.timestamp} ${host} perimeter ${process.pid} ${kind} - \uFEFF${JSON.stringify(event)}`;
}

function syslogPlace(address: string): Place {
  const { protocol, hostname: host, port } = new URL(address);
  const name = `the syslog server at ${host}:${port}`;
  if (protocol === 'udp:') return { name, send: (events) => datagrams(host, Number(port), events) };
  let socket: Socket | undefined;
  return {
    name,
    async send(events, signal) {
      socket =
        socket && !socket.destroyed && socket.writable ? socket : await opened(host, Number(port), protocol === 'tls:', signal);
      // Octet counting, RFC 6587 3.4.1 and RFC 5425 4.3.
      const framed = events
        .map((event) => Buffer.from(syslogMessage(event)))
        .flatMap((message) => [Buffer.from(`${message.length} `), message]);
      await written(socket, Buffer.concat(framed), signal);
    },
    close: () => socket?.destroy(),
  };
}

function opened(host: string, port: number, secure: boolean, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = secure ? connectTls({ host, port, servername: host }) : connect({ host, port });
    signal.addEventListener('abort', () => socket.destroy(new Error('it did not answer in time')), { once: true });
    socket.once(secure ? 'secureConnect' : 'connect', () => resolve(socket));
    socket.on('error', reject);
    socket.unref();
  });
}

function written(socket: Socket, bytes: Buffer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopped = () => {
      socket.destroy();
      reject(new Error('it did not take events in time'));
    };
    signal.addEventListener('abort', stopped, { once: true });
    socket.write(bytes, (error) => {
      signal.removeEventListener('abort', stopped);
      if (error) reject(error);
      else resolve();
    });
  });
}

async function datagrams(host: string, port: number, events: readonly AuditEvent[]): Promise<void> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    for (const event of events) {
      const bytes = Buffer.from(syslogMessage(event)).subarray(0, MAX_DATAGRAM);
      await new Promise<void>((resolve, reject) =>
        socket.send(bytes, port, host, (error) => (error ? reject(error) : resolve())),
      );
    }
  } finally {
    socket.close();
  }
}
