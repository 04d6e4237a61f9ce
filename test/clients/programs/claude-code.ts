// Claude Code (proprietary: installed for a test run only): draws forms, and speaks 2026-07-28 with servers that do.
import { join } from 'node:path';
import { type ClientProgram, put } from './program.ts';

const KEY = 'no-key-is-needed-on-loopback';

export const claudeCode: ClientProgram = {
  name: 'claude-code',
  package: '@anthropic-ai/claude-code@2.1.330',
  binary: '@anthropic-ai/claude-code-linux-x64/claude',
  ready: /^❯/m,
  prepare({ home, project, model, guard }) {
    // without these it opens its first-start dialogues
    put(join(home, '.claude.json'), {
      hasCompletedOnboarding: true,
      lastOnboardingVersion: '2.1.330',
      theme: 'dark',
      customApiKeyResponses: { approved: [KEY.slice(-20)], rejected: [] },
      projects: { [project]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } },
    });
    const config = join(home, 'servers.json');
    put(config, { mcpServers: { perimeter: guard } });
    return {
      args: ['--mcp-config', config, '--strict-mcp-config', '--permission-mode', 'default', '--allowedTools', 'mcp__perimeter'],
      env: {
        ANTHROPIC_BASE_URL: model,
        ANTHROPIC_API_KEY: KEY,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_TELEMETRY: '1',
        DISABLE_ERROR_REPORTING: '1',
        DISABLE_AUTOUPDATER: '1',
        ENABLE_TOOL_SEARCH: 'false',
        MCP_TIMEOUT: '90000',
      },
    };
  },
};
