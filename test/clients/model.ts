// A model on loopback that a test plays: the client asks what to do next, and the test's next line is the answer.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chat } from './dialects/chat.ts';
import { type Asked, type Dialect, json, type Offered } from './dialects/dialect.ts';
import { gemini } from './dialects/gemini.ts';
import { messages } from './dialects/messages.ts';
import { responses } from './dialects/responses.ts';

const DIALECTS: readonly Dialect[] = [responses, chat, messages, gemini];
export const MODEL = 'scripted';
/** How long a client may take to start and ask for the first time. */
const START_S = 60;

type Held = { asked: Asked; dialect: Dialect; response: ServerResponse };

export class ScriptedModel {
  readonly #server: Server;
  /** The client's request that waits for what the model says next. */
  #held: Held | undefined;
  #arrived: () => void = () => undefined;
  /** The last request this model could not make sense of. */
  #problem = '';

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        this.#problem = `; its last request could not be read: ${String(error).slice(0, 1_000)}`;
        json(response, { error: { message: 'not understood' } }, 400);
      });
    });
  }

  static async start(): Promise<ScriptedModel> {
    const model = new ScriptedModel();
    await new Promise<void>((resolve) => model.#server.listen(0, '127.0.0.1', resolve));
    return model;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Has the client call a tool of ours; resolves with the result as the model is shown it. Fails when the client never comes back. */
  async calls(tool: string, args: Record<string, unknown>, seconds = 90): Promise<string> {
    const held = await this.#next(START_S);
    const offered = find(held.asked.tools, tool);
    if (!offered) throw new Error(`the client offers no \`${tool}\`, only ${held.asked.tools.map(fullName).join(' ')}`);
    const id = `call_${randomBytes(8).toString('hex')}`;
    this.#held = undefined;
    held.dialect.write(held.response, { text: '', call: { id, tool: offered, arguments: args } }, held.asked);
    const { results } = (await this.#next(seconds)).asked;
    const result = results.get(id) ?? results.get(offered.name);
    if (result === undefined) throw new Error(`the client asked again without the result of \`${tool}\``);
    return result;
  }

  /** The names of the tools the model is offered. */
  async offered(): Promise<string[]> {
    return (await this.#next(START_S)).asked.tools.map(fullName);
  }

  /** Ends the turn with a sentence. */
  async says(text: string): Promise<void> {
    const held = await this.#next(START_S);
    this.#held = undefined;
    held.dialect.write(held.response, { text }, held.asked);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #next(seconds: number): Promise<Held> {
    if (this.#held) return this.#held;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const complain = () => reject(new Error(`the client did not ask its model within ${seconds} s${this.#problem}`));
      timer = setTimeout(complain, seconds * 1_000);
    });
    const arrived = new Promise<void>((resolve) => {
      this.#arrived = resolve;
    });
    await Promise.race([arrived, late]).finally(() => clearTimeout(timer));
    return this.#next(seconds);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://model').pathname);
    const dialect = request.method === 'POST' ? DIALECTS.find((one) => one.path.test(path)) : undefined;
    if (!dialect) {
      around(path, response);
      return;
    }
    const asked = dialect.read(JSON.parse(Buffer.concat(chunks).toString('utf8')), path);
    // titles, summaries and routing offer no tools: they are none of the story's turns
    if (asked.tools.length === 0) {
      dialect.write(response, { text: '{"title":"story"}' }, asked);
      return;
    }
    const held: Held = { asked, dialect, response };
    this.#held = held;
    response.once('close', () => {
      if (this.#held === held) this.#held = undefined;
    });
    this.#arrived();
  }
}

/** What clients ask around the conversation: which models there are, how many tokens something has. */
function around(path: string, response: ServerResponse): void {
  const model = { id: MODEL, object: 'model', type: 'model', display_name: MODEL, created: 0 };
  if (/count_?tokens$/i.test(path)) json(response, { input_tokens: 1, totalTokens: 1 });
  else if (/\/models(\/[^/]+)?$/.test(path)) json(response, { object: 'list', data: [model], models: [], has_more: false });
  else json(response, {}, path === '/' ? 200 : 404);
}

const fullName = ({ name, namespace }: Offered) => (namespace === undefined ? name : `${namespace}__${name}`);

/** Clients put prefixes of their own before our names, with one underscore or two. */
function find(tools: readonly Offered[], name: string): Offered | undefined {
  const plain = (text: string) => text.replace(/[^a-zA-Z0-9]+/g, '_').replace(/_+/g, '_');
  return (
    tools.find((tool) => plain(fullName(tool)) === plain(name)) ??
    tools.find((tool) => plain(fullName(tool)).endsWith(`_${plain(name)}`))
  );
}
