// The customer database of the sample company: 200 customers, of which exactly 23 are dormant, and what they ordered.
import { loadSqlite, type SqlValue } from '../../tools/downstream/sqlite.ts';

export const CUSTOMERS = 200;
export const DORMANT = 23;
/** How many customers have which status; they add up to CUSTOMERS. */
const STATUSES: readonly [status: string, count: number][] = [
  ['dormant', DORMANT],
  ['closed', 9],
  ['lead', 38],
  ['active', 130],
];

const SCHEMA = `
  CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, city TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'lead', 'dormant', 'closed')), last_order TEXT, note TEXT);
  CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price_cents INTEGER NOT NULL);
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id),
    product_id INTEGER NOT NULL REFERENCES products (id), ordered_on TEXT NOT NULL, pieces INTEGER NOT NULL);
  CREATE INDEX orders_by_customer ON orders (customer_id);`;

const FIRST = [
  'Ada',
  'Ben',
  'Clara',
  'David',
  'Elif',
  'Finn',
  'Greta',
  'Hanna',
  'Ivan',
  'Jonas',
  'Kira',
  'Leon',
  'Mara',
  'Nils',
  'Olga',
  'Paul',
  'Rosa',
  'Sami',
  'Tilda',
  'Yusuf',
];
const LAST = ['Albers', 'Brandt', 'Çelik', 'Dahl', 'Engel', 'Fuchs', 'Graf', 'Hansen', 'Iversen', 'Jung'];
const CITIES = ['Berlin', 'Hamburg', 'Köln', 'Leipzig', 'München', 'Oslo', 'Wien'];
const PRODUCTS: readonly [name: string, cents: number][] = [
  ['Desk lamp', 4900],
  ['Notebook, dotted', 1290],
  ['Chair, oak', 18900],
  ['Shelf', 7900],
  ['Poster, spring', 1900],
];
const DAY = 86_400_000;

/** Makes the database at `path`, with dates before `now` (milliseconds since the epoch). Throws when there is one. */
export async function makeCrm(path: string, now: number): Promise<void> {
  const open = await loadSqlite();
  const database = open(path);
  try {
    database.exec(`BEGIN; ${SCHEMA}`);
    const insert = (sql: string) => {
      const statement = database.prepare(sql);
      return (...values: SqlValue[]) => Array.from(statement.rows(values));
    };
    const addProduct = insert('INSERT INTO products (id, name, price_cents) VALUES (?, ?, ?)');
    for (const [index, [name, cents]] of PRODUCTS.entries()) addProduct(index + 1, name, cents);
    const addCustomer = insert('INSERT INTO customers (id, name, email, city, status, last_order) VALUES (?, ?, ?, ?, ?, ?)');
    const addOrder = insert('INSERT INTO orders (customer_id, product_id, ordered_on, pieces) VALUES (?, ?, ?, ?)');
    for (const { id, name, email, city, status, orders } of customers(now)) {
      addCustomer(id, name, email, city, status, orders[0] ?? null);
      for (const [index, day] of orders.entries()) addOrder(id, ((id + index) % PRODUCTS.length) + 1, day, (index % 3) + 1);
    }
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}

type Customer = { id: number; name: string; email: string; city: string; status: string; orders: string[] };

function customers(now: number): Customer[] {
  const statuses = STATUSES.flatMap(([status, count]) => Array<string>(count).fill(status));
  return Array.from({ length: CUSTOMERS }, (_, index) => {
    const first = FIRST[index % FIRST.length] ?? '';
    const last = LAST[Math.floor(index / FIRST.length) % LAST.length] ?? '';
    // 77 and 200 share no divisor, so every status is dealt once, well mixed
    const status = statuses[(index * 77) % CUSTOMERS] ?? '';
    return {
      id: index + 1,
      name: `${first} ${last}`,
      email: `${first}.${last}@customer.example`.toLowerCase().replace('ç', 'c'),
      city: CITIES[index % CITIES.length] ?? '',
      status,
      orders: ordersOf(status, index, now),
    };
  });
}

/** Days of a customer's orders, newest first: none for a lead, and for a dormant one none in the last year. */
function ordersOf(status: string, index: number, now: number): string[] {
  if (status === 'lead') return [];
  const newest = status === 'active' ? 5 + (index % 90) : 400 + (index % 200);
  return Array.from({ length: 1 + (index % 3) }, (_, nth) =>
    new Date(now - (newest + nth * 60) * DAY).toISOString().slice(0, 10),
  );
}
