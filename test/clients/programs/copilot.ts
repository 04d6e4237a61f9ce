// Copilot CLI (proprietary: installed for a test run only), offline with a provider of one's own: draws forms, cuts a call at 180 s.
import { join } from 'node:path';
import { MODEL } from '../model.ts';
import { type ClientProgram, put } from './program.ts';

export const copilot: ClientProgram = {
  name: 'copilot',
  package: '@github/copilot@1.0.102',
  binary: '.bin/copilot',
  prepare({ home, project, model, guard }, prompt) {
    const folder = join(home, '.copilot');
    put(join(folder, 'config.json'), { trustedFolders: [project] });
    const config = join(home, 'servers.json');
    put(config, { mcpServers: { perimeter: { type: 'local', tools: ['*'], ...guard } } });
    return {
      args: [
        '-i',
        prompt,
        '--allow-all-tools',
        '--no-auto-update',
        '--disable-builtin-mcps',
        '--additional-mcp-config',
        `@${config}`,
      ],
      env: {
        COPILOT_HOME: folder,
        COPILOT_OFFLINE: 'true',
        COPILOT_AUTO_UPDATE: 'false',
        COPILOT_PROVIDER_BASE_URL: `${model}/v1`,
        COPILOT_PROVIDER_API_KEY: 'none',
        COPILOT_MODEL: MODEL,
      },
    };
  },
};
