// Gemini CLI (open source): shows no forms.
import { join } from 'node:path';
import { type ClientProgram, put } from './program.ts';

export const gemini: ClientProgram = {
  name: 'gemini',
  package: '@google/gemini-cli@0.61.0',
  binary: '.bin/gemini',
  prepare({ home, model, guard }, prompt) {
    put(join(home, '.gemini', 'settings.json'), {
      security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
      general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      model: { name: 'gemini-2.5-pro' },
      mcpServers: { perimeter: { ...guard, trust: true } },
    });
    return {
      // without it, tools that write are hidden from a run that has no terminal interface
      args: ['-p', prompt, '--approval-mode', 'yolo'],
      env: {
        GEMINI_API_KEY: 'none',
        GOOGLE_GEMINI_BASE_URL: model,
        GEMINI_TELEMETRY_ENABLED: 'false',
        GEMINI_CLI_NO_RELAUNCH: 'true',
      },
    };
  },
};
