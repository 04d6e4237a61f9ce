// Where MCP clients keep their settings. Whoever can write there can take the guard out, so no tool may.
import { join } from 'node:path';

/** Below the user's home. */
const AT_HOME = [
  '.claude.json',
  '.claude/settings.json',
  '.claude/settings.local.json',
  '.config/Claude/claude_desktop_config.json',
  'Library/Application Support/Claude/claude_desktop_config.json',
  'AppData/Roaming/Claude/claude_desktop_config.json',
  '.codex/config.toml',
  '.copilot/mcp-config.json',
  '.cursor/mcp.json',
  '.gemini/settings.json',
  '.config/opencode/opencode.json',
  '.config/opencode/opencode.jsonc',
  '.codeium/windsurf/mcp_config.json',
  '.continue/config.yaml',
  '.config/zed/settings.json',
  '.config/Code/User/mcp.json',
  '.config/Code/User/settings.json',
  'Library/Application Support/Code/User/mcp.json',
  'Library/Application Support/Code/User/settings.json',
  'AppData/Roaming/Code/User/mcp.json',
  'AppData/Roaming/Code/User/settings.json',
];
/** In a project. */
const IN_PROJECT = [
  '.mcp.json',
  '.claude/settings.json',
  '.claude/settings.local.json',
  '.codex/config.toml',
  '.cursor/mcp.json',
  '.gemini/settings.json',
  '.vscode/mcp.json',
  '.vscode/settings.json',
  'opencode.json',
  'opencode.jsonc',
];

/** Absolute paths, whether or not the files exist: creating one would do too. */
export function clientSettings(home: string, project: string): string[] {
  return [...AT_HOME.map((path) => join(home, path)), ...IN_PROJECT.map((path) => join(project, path))];
}
