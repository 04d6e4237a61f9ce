// Where the clients keep their MCP servers, and in which key. Paths from each client's own documentation (2026-11).
import { join } from 'node:path';

export type Place = { home: string; platform: NodeJS.Platform; appData: string | undefined; project: string };
export type Client = {
  name: string;
  title: string;
  /** Candidate settings files, most likely first. */
  files(place: Place): string[];
  /** The member that holds the servers. */
  key: 'mcpServers' | 'servers';
};

function applicationSupport({ home, platform, appData }: Place, ...rest: string[]): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', ...rest);
  if (platform === 'win32') return join(appData ?? join(home, 'AppData', 'Roaming'), ...rest);
  return join(home, '.config', ...rest);
}

export const CLIENTS: readonly Client[] = [
  {
    name: 'claude-desktop',
    title: 'Claude Desktop',
    key: 'mcpServers',
    files: (place) => [applicationSupport(place, 'Claude', 'claude_desktop_config.json')],
  },
  {
    name: 'claude-code',
    title: 'Claude Code',
    key: 'mcpServers',
    files: ({ home, project }) => [join(project, '.mcp.json'), join(home, '.claude.json')],
  },
  {
    name: 'cursor',
    title: 'Cursor',
    key: 'mcpServers',
    files: ({ home, project }) => [join(project, '.cursor', 'mcp.json'), join(home, '.cursor', 'mcp.json')],
  },
  {
    name: 'vscode',
    title: 'VS Code',
    key: 'servers',
    files: (place) => [join(place.project, '.vscode', 'mcp.json'), applicationSupport(place, 'Code', 'User', 'mcp.json')],
  },
  {
    name: 'windsurf',
    title: 'Windsurf',
    key: 'mcpServers',
    files: ({ home }) => [join(home, '.codeium', 'windsurf', 'mcp_config.json')],
  },
  {
    name: 'gemini',
    title: 'Gemini CLI',
    key: 'mcpServers',
    files: ({ home, project }) => [join(project, '.gemini', 'settings.json'), join(home, '.gemini', 'settings.json')],
  },
];
