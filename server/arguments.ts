// Arguments against a tool's own input schema, before anything else looks at them. Ajv is the one that reads JSON Schema.
import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

const OPTIONS = { strict: false, allErrors: false, validateFormats: true, logger: false, addUsedSchema: false } as const;
const compiled = new WeakMap<object, ValidateFunction | string>();

/** Why the arguments don't fit the schema, in words; undefined when they do. A schema that can't be used is a reason too. */
export function misfit(schema: Record<string, unknown>, args: Record<string, unknown>): string | undefined {
  const validate = validator(schema);
  if (typeof validate === 'string') return validate;
  if (validate(args)) return undefined;
  const [error] = validate.errors ?? [];
  if (!error) return 'the arguments do not fit the tool';
  const where = error.instancePath === '' ? 'the arguments' : `argument \`${error.instancePath.slice(1).replaceAll('/', '.')}\``;
  const extra = error.keyword === 'additionalProperties' ? ` (\`${String(error.params.additionalProperty).slice(0, 80)}\`)` : '';
  return `${where} ${error.message ?? 'does not fit'}${extra}`;
}

function validator(schema: Record<string, unknown>): ValidateFunction | string {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const made = compile(schema);
  compiled.set(schema, made);
  return made;
}

function compile(schema: Record<string, unknown>): ValidateFunction | string {
  try {
    const draft = typeof schema.$schema === 'string' ? schema.$schema : '';
    const ajv = /draft-0[467]/.test(draft) ? new Ajv(OPTIONS) : new Ajv2020(OPTIONS);
    formats.default(ajv);
    return ajv.compile(draft === '' || /draft-0[67]|2020-12/.test(draft) ? schema : { ...schema, $schema: undefined });
  } catch {
    return "the tool's input schema can't be used, so its arguments can't be checked";
  }
}
