// The page on which a request can be answered: only its place. Where there is no page there is no URL, and nothing is offered.
import type { Channel } from './channel.ts';

/** `url` is the address of a request's page, undefined where none is served. */
export function pageChannel(url: (request_id: string) => string | undefined): Channel {
  return {
    name: 'page',
    answers: ({ request_id }) => url(request_id) !== undefined,
    offer: () => undefined,
    decided: () => undefined,
    how: async ({ request_id }) => {
      const address = url(request_id);
      return address === undefined ? undefined : `open ${address}`;
    },
  };
}
