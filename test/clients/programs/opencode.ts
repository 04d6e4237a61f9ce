// opencode (open source): shows no forms.
import { join } from 'node:path';
import { MODEL } from '../model.ts';
import { type ClientProgram, put } from './program.ts';

export const opencode: ClientProgram = {
  name: 'opencode',
  package: 'opencode-ai@1.18.33',
  binary: 'opencode-linux-x64/bin/opencode',
  prepare({ home, model, guard }, prompt) {
    const name = `loopback/${MODEL}`;
    const provider = {
      npm: '@ai-sdk/openai-compatible',
      name: 'loopback',
      options: { baseURL: `${model}/v1`, apiKey: 'none' },
      models: { [MODEL]: { name: MODEL, tool_call: true, limit: { context: 200_000, output: 8_000 } } },
    };
    put(join(home, '.config', 'opencode', 'opencode.json'), {
      autoupdate: false,
      share: 'disabled',
      model: name,
      small_model: name,
      enabled_providers: ['loopback'],
      provider: { loopback: provider },
      mcp: { perimeter: { type: 'local', command: [guard.command, ...guard.args], enabled: true } },
    });
    const off = ['AUTOUPDATE', 'MODELS_FETCH', 'LSP_DOWNLOAD', 'SHARE'].map((name) => [`OPENCODE_DISABLE_${name}`, '1']);
    return { args: ['run', prompt], env: Object.fromEntries(off) };
  },
};
