// The bundled servers by name. Each is loaded only when it is started, so none pays for another's libraries.

/** Starts a server on stdio with its own command-line options; resolves when stdin closes. */
type Start = (argv: string[]) => Promise<void>;

const SERVERS = {
  calendar: async () => (await import('./calendar/index.ts')).start,
  email: async () => (await import('./email/index.ts')).start,
  files: async () => (await import('./files/index.ts')).start,
  database: async () => (await import('./database/index.ts')).start,
} satisfies Record<string, () => Promise<Start>>;

export type BundledName = keyof typeof SERVERS;
export const BUNDLED_NAMES = Object.keys(SERVERS) as BundledName[];

export function isBundledName(name: string): name is BundledName {
  return Object.hasOwn(SERVERS, name);
}

/** Starts the bundled server `name` with the options that follow it on the command line. */
export async function startBundled(name: BundledName, argv: string[]): Promise<void> {
  const start = await SERVERS[name]();
  await start(argv);
}
