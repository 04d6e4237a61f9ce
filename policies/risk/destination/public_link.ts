// It is opened to everybody: a public link, or a share with anyone.
import type { Factor } from '../factor.ts';

export const publicLink: Factor = {
  name: 'public_link',
  what: 'it makes something readable for anybody',
  applies: ({ reading }) => reading.opened !== undefined,
};
