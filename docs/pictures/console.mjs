// Draws the pictures of docs/console.md: the sample company's real guard, a real agent that asks, and a browser in the hand of somebody new.
// node docs/pictures/console.mjs [FOLDER], after `npm run build`. Takes a Chromium (PERIMETER_CHROMIUM), and pngquant where it is installed.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { chromium } from 'playwright-core';
import { connectOwner } from '../../dist/server/owner/index.js';

const MAIN = join(import.meta.dirname, '../../dist/server/cli/main.js');
const OUT = process.argv[2] ?? join(import.meta.dirname, 'console');
const PASSPHRASE = 'correct horse battery';
const DORMANT = { sql: "UPDATE customers SET note = 'win-back' WHERE status = 'dormant'" };
const DESK = { width: 1100, height: 760 };
const PHONE = { width: 390, height: 844 };

const folder = mkdtempSync(join(tmpdir(), 'perimeter-pictures-'));
const company = join(folder, 'company');
const config = join(company, 'mcp.json');
const perimeter = (args, input = '') =>
  execFileSync(process.execPath, [MAIN, ...args], { input, stdio: ['pipe', 'ignore', 'inherit'] });
const asTerminal = async (name, params = {}) => (await connectOwner(join(company, '.perimeter'))).command(name, params);

perimeter(['demo', '--keep', company, '--no-story']);
perimeter(['passphrase', 'set', '--config', config, '--passphrase-fd', '0'], `${PASSPHRASE}\n`);
const agent = new Client({ name: 'an agent', version: '1' }, { capabilities: {} });
await agent.connect(
  new StdioClientTransport({ command: process.execPath, args: [MAIN, 'serve', '--config', config], stderr: 'ignore' }),
);
const call = (name, args = {}) => agent.callTool({ name, arguments: args }, { timeout: 120_000 });
const browser = await chromium.launch({
  executablePath: process.env.PERIMETER_CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});

/** One look at the same guard; all looks see the same story. */
async function open(name, viewport, colorScheme) {
  const context = await browser.newContext({
    viewport,
    colorScheme,
    deviceScaleFactor: 1,
    locale: 'en-GB',
  });
  const page = await context.newPage();
  await page.goto((await asTerminal('console.link')).url);
  await page.waitForURL('**/requests');
  return { name, page };
}
mkdirSync(OUT, { recursive: true });
const looks = [await open('light', DESK, 'light'), await open('dark', DESK, 'dark'), await open('phone', PHONE, 'light')];
const [light] = looks;
const origin = new URL(light.page.url()).origin;

/** The same step in every look. */
async function shoot(step, path, { wait, prepare = async () => undefined }) {
  for (const { name, page } of looks) {
    if (path !== undefined && page.url() !== origin + path) await page.goto(origin + path);
    await page.getByText(wait).first().waitFor();
    await prepare(page);
    // nobody's pointer or pressed button is in the picture
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(OUT, `${step}-${name}.png`) });
  }
}

try {
  // a morning's work before the question, so that the activity has something to say
  await call('calendar__list');
  await call('files__read', { path: 'marketing/plan.md' });
  await call('files__read', { path: 'hr/salaries.csv' });
  await call('email__draft', { to: 'ann@acme.example', subject: 'Campaign', body: 'Shall we meet on Tuesday?' });
  await call('database__query', { sql: "SELECT count(*) FROM customers WHERE status = 'dormant'" });

  const asked = call('request_elevation', {
    justification: 'Mia wants the dormant customers marked for the win-back before Thursday.',
    calls: [{ tool: 'database__execute', arguments: DORMANT }],
    minutes: 30,
    uses: 2,
    claimed_records: 20,
  });
  await shoot('1-waiting', undefined, { wait: 'Waiting for you: 1' });
  const [{ request_id }] = await asTerminal('pending');
  await shoot('2-request', `/requests/${request_id}`, {
    wait: /^Your answer$/,
    prepare: (page) => page.getByLabel('Your passphrase').fill(PASSPHRASE),
  });
  await light.page.getByRole('button', { name: /^Approve for/ }).click();
  await asked;
  await shoot('3-approved', undefined, { wait: 'Approved' });
  await call('database__execute', { sql: `${DORMANT.sql} AND city = 'Berlin'` });
  const [{ grant_id }] = await asTerminal('grants');
  await shoot('4-runs-down', `/grants/${grant_id}`, { wait: '1 of 2 uses left' });
  await light.page.getByRole('button', { name: /Revoke/ }).click();
  await shoot('5-revoked', `/grants/${grant_id}`, { wait: /taken back/ });
  await shoot('6-activity', '/activity', { wait: 'What happened' });
  const { events } = await asTerminal('audit.query', { type: 'call.outcome', grant_id });
  await shoot('7-reason', `/activity/${events[0].id}`, { wait: /customers/ });
} finally {
  await browser.close();
  await agent.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
const drawn = readdirSync(OUT)
  .filter((name) => name.endsWith('.png'))
  .map((name) => join(OUT, name));
spawnSync('pngquant', ['--force', '--ext', '.png', '--speed', '1', '32', ...drawn]);
process.stdout.write(
  `${drawn.length} pictures, ${Math.round(drawn.reduce((sum, path) => sum + statSync(path).size, 0) / 1024)} kB\n`,
);
