// How much a call of a tool that nobody described may touch, guessed from its arguments alone.

const EVERYTHING = /^(?:\*+|%+|\.\*|all|any|everything)$/i;
const ALL_FLAG = /^(?:all|everything|recursive|force_?all|delete_?all|select_?all)$/i;
const FILTER = /(?:^|_)(?:filter|filters|query|where|selector|criteria|condition|conditions|match|search)$/i;
const MAX_DEPTH = 6;

/** Whether the arguments name no limit: a wildcard, a word or a flag for everything, or a filter that is empty. */
export function namesNoLimit(args: unknown, depth = 0): boolean {
  if (depth > MAX_DEPTH) return true;
  if (typeof args === 'string') return EVERYTHING.test(args.trim());
  if (Array.isArray(args)) return args.some((item) => namesNoLimit(item, depth + 1));
  if (typeof args !== 'object' || args === null) return false;
  return Object.entries(args).some(
    ([name, value]) =>
      (ALL_FLAG.test(name) && value === true) || (FILTER.test(name) && isEmpty(value)) || namesNoLimit(value, depth + 1),
  );
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() === '';
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}
