// Makes random SELECTs over three small tables, with shadowing names, subqueries, joins and CTEs, from a random tape.
export const TABLES: Record<string, string[]> = {
  customers: ['id', 'name', 'city', 'ssn'],
  orders: ['id', 'cid', 'total', 'note'],
  users: ['id', 'email', 'password', 'name'],
};

type Table = { sql: string; label: string; columns: string[] };
type Ctes = Record<string, string[]>;

/** A SELECT made from `tape`, numbers in [0, 1) that are used over and over. Not every one is valid SQL. */
export function randomSelect(tape: readonly number[]): string {
  return new Maker(tape).select([], {}, 2).sql;
}

class Maker {
  private at = 0;
  private depth = 0;

  constructor(private readonly tape: readonly number[]) {}

  private roll(): number {
    const round = Math.floor(this.at / this.tape.length);
    return (this.tape[this.at++ % this.tape.length]! + round * 0.377) % 1;
  }

  private pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.roll() * items.length)]!;
  }

  private deeper<T>(make: () => T): T {
    this.depth++;
    const made = make();
    this.depth--;
    return made;
  }

  private column(scope: Table[]): string {
    if (scope.length === 0) return '1';
    const table = this.pick(scope);
    const column = table.columns.length > 0 ? this.pick(table.columns) : 'id';
    return this.roll() < 0.5 ? `${table.label}.${column}` : column;
  }

  private expression(scope: Table[], ctes: Ctes): string {
    const roll = this.roll();
    if (roll < 0.55 || this.depth > 3) return this.column(scope);
    if (roll < 0.65) return `lower(${this.expression(scope, ctes)})`;
    if (roll < 0.75) return `(${this.expression(scope, ctes)} || ${this.expression(scope, ctes)})`;
    if (roll < 0.9) return this.deeper(() => this.scalar(scope, ctes));
    return `case when ${this.expression(scope, ctes)} = 'x' then ${this.expression(scope, ctes)} end`;
  }

  private scalar(scope: Table[], ctes: Ctes): string {
    const from = this.from(scope, ctes);
    return `(select max(${this.expression([...scope, ...from.tables], ctes)}) from ${from.sql})`;
  }

  private condition(scope: Table[], ctes: Ctes): string {
    const roll = this.roll();
    if (roll < 0.5 || this.depth > 3) return `${this.expression(scope, ctes)} = ${this.expression(scope, ctes)}`;
    return this.deeper(() => {
      if (roll > 0.75) return `${this.expression(scope, ctes)} in (${this.select(scope, ctes, 1).sql})`;
      const from = this.from(scope, ctes);
      return `exists (select 1 from ${from.sql} where ${this.condition([...scope, ...from.tables], ctes)})`;
    });
  }

  private table(ctes: Ctes, other?: string): Table {
    const renamed = this.roll() < 0.5 || other !== undefined;
    const label = `${this.pick(['a', 'b', 'ssn', 'name'])}${Math.floor(this.roll() * 1000)}`;
    if (this.roll() < 0.6 || this.depth > 2) {
      const name = this.pick([...Object.keys(ctes), ...Object.keys(TABLES)]);
      return { sql: renamed ? `${name} as ${label}` : name, label: renamed ? label : name, columns: ctes[name] ?? TABLES[name]! };
    }
    const inner = this.deeper(() => this.select([], ctes, 2));
    return { sql: `(${inner.sql}) as ${label}`, label, columns: inner.columns };
  }

  private from(scope: Table[], ctes: Ctes): { sql: string; tables: Table[] } {
    const left = this.table(ctes);
    if (this.roll() < 0.55) return { sql: left.sql, tables: [left] };
    const right = this.table(ctes, left.label);
    const tables = [left, right];
    const shared = left.columns.filter((column) => right.columns.includes(column));
    const roll = this.roll();
    if (roll < 0.3 && shared.length > 0) return { sql: `${left.sql} join ${right.sql} using (${this.pick(shared)})`, tables };
    if (roll < 0.4) return { sql: `${left.sql} natural join ${right.sql}`, tables };
    if (roll < 0.7) return { sql: `${left.sql}, ${right.sql}`, tables };
    return { sql: `${left.sql} left join ${right.sql} on ${this.condition([...scope, ...tables], ctes)}`, tables };
  }

  select(outer: Table[], ctes: Ctes, width: number): { sql: string; columns: string[] } {
    return this.deeper(() => {
      const own = { ...ctes };
      let sql = '';
      if (this.roll() < 0.3 && this.depth < 3) {
        const name = this.pick(['t', 'customers', 'orders']);
        const inner = this.select([], ctes, 2);
        own[name] = inner.columns;
        sql = `with ${name} as (${inner.sql}) `;
      }
      const from = this.from(outer, own);
      const scope = [...outer, ...from.tables];
      const columns: string[] = [];
      const outputs = Array.from({ length: width }, () => {
        const name = this.pick(['x', 'y', 'ssn', 'name', 'id']);
        columns.push(name);
        return `${this.expression(scope, own)} as ${name}`;
      });
      if (this.roll() < 0.1 && width > 1) {
        columns.push(...from.tables.flatMap((table) => table.columns));
        outputs.push('*');
      }
      sql += `select ${outputs.join(', ')} from ${from.sql}`;
      if (this.roll() < 0.4) sql += ` where ${this.condition(scope, own)}`;
      if (this.roll() < 0.2) sql += ` order by ${this.roll() < 0.5 ? columns[0]! : this.expression(scope, own)}`;
      return { sql, columns };
    });
  }
}
