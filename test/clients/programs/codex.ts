// Codex (open source): draws forms in its terminal interface.
import { join } from 'node:path';
import { MODEL } from '../model.ts';
import { type ClientProgram, put } from './program.ts';

export const codex: ClientProgram = {
  name: 'codex',
  package: '@openai/codex@0.169.0',
  binary: '.bin/codex',
  prepare({ home, project, model, guard }, prompt) {
    // JSON's strings and lists are TOML's too
    const lines = [
      `model = "${MODEL}"`,
      'model_provider = "loopback"',
      'check_for_update_on_startup = false',
      'approval_policy = "on-request"',
      'sandbox_mode = "read-only"',
      '[features]',
      'daemon_auto_start = false',
      'in_app_updates = false',
      '[analytics]',
      'enabled = false',
      '[feedback]',
      'enabled = false',
      '[model_providers.loopback]',
      'name = "loopback"',
      `base_url = "${model}/v1"`,
      'wire_api = "responses"',
      'env_key = "LOOPBACK_KEY"',
      'supports_websockets = false',
      `[projects.${JSON.stringify(project)}]`,
      'trust_level = "trusted"',
      '[mcp_servers.perimeter]',
      `command = ${JSON.stringify(guard.command)}`,
      `args = ${JSON.stringify(guard.args)}`,
      'default_tools_approval_mode = "approve"',
      'required = true',
    ];
    put(join(home, '.codex', 'config.toml'), `${lines.join('\n')}\n`);
    return { args: ['--no-daemon', prompt], env: { CODEX_HOME: join(home, '.codex'), LOOPBACK_KEY: 'none' } };
  },
};
