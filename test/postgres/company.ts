// A database of its own for each test, made from one template, and a second connection that plays everybody else.
import pg from 'pg';
import { inject } from 'vitest';
import { POSTGRES_COMPANY } from '../tools/downstream/database/company.ts';

const address = inject('postgres');
export const without = address === '';

const as = (name: string) => address.replace(/[^/]+$/, name);

async function administer(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

export type Company = { url: string; sql(text: string): Promise<unknown[][]>; close(): Promise<void> };

let made = 0;
const template = `company_${process.pid}`;

/** Makes the template once for each file of tests. */
export async function prepare(): Promise<void> {
  await administer(`CREATE DATABASE ${template}`);
  const client = new pg.Client({ connectionString: as(template) });
  await client.connect();
  await client.query(POSTGRES_COMPANY);
  await client.end();
}

/** A fresh company. */
export async function company(): Promise<Company> {
  made += 1;
  const name = `${template}_${made}`;
  await administer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const client = new pg.Client({ connectionString: as(name) });
  await client.connect();
  return {
    url: as(name),
    async sql(text) {
      const result = await client.query<unknown[]>({ text, rowMode: 'array' });
      return Array.isArray(result) ? [] : result.rows;
    },
    async close() {
      await client.end();
      await administer(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}
