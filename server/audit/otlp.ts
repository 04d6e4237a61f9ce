// Events as OpenTelemetry has them (OTLP/HTTP with JSON, https://opentelemetry.io/docs/specs/otlp/; GenAI and MCP conventions): logs, traces, metrics.
import { epoch } from '../clock.ts';
import type { AuditEvent } from '../ports.ts';
import { digitsOf } from './ocsf.ts';

type Attribute = { key: string; value: Record<string, unknown> };
type Values = Record<string, unknown>;

/** Upper bounds of the buckets of a call's time, in seconds, as the MCP conventions advise. */
const BOUNDS_S = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];
const SCOPE = 'mcp-perimeter';
const SEVERITY: Readonly<Record<string, [number, string]>> = {
  medium: [11, 'INFO3'],
  high: [13, 'WARN'],
  critical: [17, 'ERROR'],
};
const SERVER_SPAN = 2;
const DELTA = 1;
/** Calls whose outcome is awaited; of the oldest it is told that it is unknown. */
const MAX_OPEN = 1000;

/** An OTLP request for the logs: every event is one record, with all its fields. */
export function logsOf(events: readonly AuditEvent[], version: string): Values {
  const logRecords = events.map((event) => {
    const [severityNumber, severityText] = SEVERITY[event.risk?.level ?? ''] ?? [9, 'INFO'];
    const { prev: _prev, ...told } = event;
    return {
      ...{ timeUnixNano: nano(event.timestamp), observedTimeUnixNano: nano(event.timestamp), severityNumber, severityText },
      eventName: `perimeter.${event.type}`,
      body: { stringValue: event.message ?? event.why ?? event.type },
      attributes: [...common(event), ...attributes({ 'perimeter.event': JSON.stringify(told) })],
      ...(event.call_id === undefined ? {} : linked(event.call_id)),
    };
  });
  return { resourceLogs: [{ resource: resource(version), scopeLogs: [{ scope: { name: SCOPE, version }, logRecords }] }] };
}

/** Pairs the records of calls to spans, and counts them. */
export class CallTelemetry {
  readonly #version: string;
  readonly #open = new Map<string, AuditEvent>();
  #spans: Values[] = [];
  #times = new Map<string, { attributes: Attribute[]; counts: number[]; sum: number; count: number }>();
  #since: string | undefined;

  constructor(version: string) {
    this.#version = version;
  }

  see(event: AuditEvent): void {
    this.#since ??= nano(event.timestamp);
    // Another guard goes on here: what the one before left open nobody will end.
    if (event.type === 'audit.opened') for (const intent of this.#open.values()) this.#lost(intent);
    if (event.type === 'call.refused') this.#ended(event, event);
    if (event.call_id === undefined) return;
    if (event.type === 'call.intent') this.#open.set(event.call_id, event);
    const intent = this.#open.get(event.call_id);
    if (event.type === 'call.outcome' && intent) {
      this.#open.delete(event.call_id);
      this.#ended(intent, event);
    }
    const [oldest] = this.#open;
    if (this.#open.size > MAX_OPEN && oldest) this.#lost(oldest[1]);
  }

  /** The spans since the last time, as an OTLP request; undefined without any. */
  traces(): Values | undefined {
    const spans = this.#spans;
    this.#spans = [];
    if (spans.length === 0) return undefined;
    const scopeSpans = [{ scope: { name: SCOPE, version: this.#version }, spans }];
    return { resourceSpans: [{ resource: resource(this.#version), scopeSpans }] };
  }

  /** How long the calls since the last time took, as an OTLP request; undefined without any. */
  metrics(now: number): Values | undefined {
    const times = [...this.#times.values()];
    if (times.length === 0) return undefined;
    const until = nanoOf(now);
    const dataPoints = times.map(({ attributes: about, counts, sum, count }) => ({
      ...{ attributes: about, startTimeUnixNano: this.#since ?? until, timeUnixNano: until },
      ...{ count: String(count), sum, bucketCounts: counts.map(String), explicitBounds: BOUNDS_S },
    }));
    this.#times = new Map();
    this.#since = until;
    const metric = { name: 'mcp.server.operation.duration', unit: 's', histogram: { aggregationTemporality: DELTA, dataPoints } };
    const scopeMetrics = [{ scope: { name: SCOPE, version: this.#version }, metrics: [metric] }];
    return { resourceMetrics: [{ resource: resource(this.#version), scopeMetrics }] };
  }

  /** A call without an outcome: its span has no length and no status, and its time is not counted. */
  #lost(intent: AuditEvent): void {
    this.#open.delete(intent.call_id!);
    this.#span(intent, intent.timestamp, { code: 0 }, { 'perimeter.outcome': 'unknown' });
  }

  #span(start: AuditEvent, until: string, status: Values, more: Values): void {
    this.#spans.push({
      ...linked(start.call_id ?? start.id),
      ...{ name: `tools/call ${start.tool ?? 'unknown'}`, kind: SERVER_SPAN },
      ...{ startTimeUnixNano: nano(start.timestamp), endTimeUnixNano: nano(until) },
      attributes: [...common(start), ...attributes(more)],
      status,
    });
  }

  #ended(start: AuditEvent, end: AuditEvent): void {
    const failed = errorType(end);
    const tool = start.tool ?? 'unknown';
    const status = failed === undefined ? { code: 1 } : { code: 2, message: failed };
    this.#span(start, end.timestamp, status, { 'error.type': failed });
    const about = attributes({
      'mcp.method.name': 'tools/call',
      'gen_ai.tool.name': tool,
      'perimeter.server': start.server,
      'error.type': failed,
    });
    const name = JSON.stringify(about);
    const times = this.#times.get(name) ?? { attributes: about, counts: BOUNDS_S.map(() => 0).concat(0), sum: 0, count: 0 };
    const seconds = (end.duration_us ?? 0) / 1e6;
    const bucket = BOUNDS_S.findIndex((bound) => seconds <= bound);
    times.counts[bucket < 0 ? BOUNDS_S.length : bucket]! += 1;
    times.sum += seconds;
    times.count += 1;
    this.#times.set(name, times);
  }
}

/** `tool_error` is the conventions' own word for a result that is marked as an error. */
function errorType({ type, decision, outcome }: AuditEvent): string | undefined {
  if (type === 'call.refused') return `perimeter.${decision}`;
  if (outcome === 'ok') return undefined;
  return outcome === 'error' ? 'tool_error' : `perimeter.${outcome}`;
}

function common(event: AuditEvent): Attribute[] {
  const isCall = event.type.startsWith('call.');
  return attributes({
    'event.id': event.id,
    'perimeter.seq': event.seq,
    'perimeter.hash': event.hash,
    'mcp.method.name': isCall ? 'tools/call' : undefined,
    'gen_ai.operation.name': isCall ? 'execute_tool' : undefined,
    'gen_ai.tool.name': event.tool,
    'gen_ai.tool.call.id': event.call_id,
    'gen_ai.agent.id': event.agent_id,
    'user.id': event.user,
    'session.id': event.session_id,
    'perimeter.server': event.server,
    'perimeter.action': event.action,
    'perimeter.decision': event.decision,
    'perimeter.rule': event.rule,
    'perimeter.risk': event.risk?.level,
    'perimeter.grant_id': event.grant_id,
    'perimeter.request_id': event.request_id,
    'perimeter.outcome': event.outcome,
  });
}

function attributes(values: Values): Attribute[] {
  return Object.entries(values).flatMap(([key, value]) => {
    if (value === undefined) return [];
    // OTLP's JSON has 64-bit numbers as texts.
    return [{ key, value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: String(value) } }];
  });
}

function resource(version: string): Values {
  return { attributes: attributes({ 'service.name': 'mcp-perimeter', 'service.version': version }) };
}

function linked(id: string): { traceId: string; spanId: string } {
  return { traceId: digitsOf(`trace ${id}`, 32), spanId: digitsOf(`span ${id}`, 16) };
}

function nano(timestamp: string): string {
  return nanoOf(epoch(timestamp));
}

function nanoOf(ms: number): string {
  return `${Math.round(ms)}000000`;
}
