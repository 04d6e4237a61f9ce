// The guard's own tools. One line adds one.
import { auditQuery } from './audit_query.ts';
import { listPermissions } from './list_permissions.ts';
import { releaseGrant } from './release_grant.ts';
import { requestElevation } from './request_elevation.ts';
import type { GuardTool } from './tool.ts';

export const GUARD_TOOLS: readonly GuardTool[] = [requestElevation, listPermissions, releaseGrant, auditQuery];
