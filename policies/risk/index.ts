// Every risk factor there is, in the order they are weighed and shown. One line adds one; its points stand in policies/risk-defaults.ts.
import { bulk } from './behaviour/bulk.ts';
import { firstUse } from './behaviour/first_use.ts';
import { newTarget } from './behaviour/new_target.ts';
import { probing } from './behaviour/probing.ts';
import { rate } from './behaviour/rate.ts';
import { readMuch } from './behaviour/read_much.ts';
import { repeatedRefusals } from './behaviour/repeated_refusals.ts';
import { repetition } from './behaviour/repetition.ts';
import { sessionNearEnd } from './context/session_near_end.ts';
import { twoSessions } from './context/two_sessions.ts';
import { unknownMachine } from './context/unknown_machine.ts';
import { userAbsent } from './context/user_absent.ts';
import { vpnOff } from './context/vpn_off.ts';
import { credentials } from './data/credentials.ts';
import { financial } from './data/financial.ts';
import { health } from './data/health.ts';
import { marked } from './data/marked.ts';
import { pii } from './data/pii.ts';
import { unscanned } from './data/unscanned.ts';
import { externalStorage } from './destination/external_storage.ts';
import { foreignDestination } from './destination/foreign_destination.ts';
import { publicLink } from './destination/public_link.ts';
import type { Factor } from './factor.ts';
import { leak } from './flow/leak.ts';
import { sensitiveRead } from './flow/sensitive_read.ts';
import { untrustedRead } from './flow/untrusted_read.ts';
import { night } from './time/night.ts';
import { outsideHours } from './time/outside_hours.ts';
import { changedTool } from './tool/changed_tool.ts';
import { destructive } from './tool/destructive.ts';
import { unboundTool } from './tool/unbound_tool.ts';

/** Their points are the policy's; a factor the policy gives no points is silent. */
export const FACTORS: readonly Factor[] = [
  outsideHours,
  night,
  pii,
  financial,
  credentials,
  health,
  marked,
  unscanned,
  bulk,
  firstUse,
  newTarget,
  rate,
  repetition,
  repeatedRefusals,
  probing,
  readMuch,
  userAbsent,
  vpnOff,
  unknownMachine,
  sessionNearEnd,
  twoSessions,
  untrustedRead,
  sensitiveRead,
  leak,
  foreignDestination,
  externalStorage,
  publicLink,
  destructive,
  unboundTool,
  changedTool,
];
