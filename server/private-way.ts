// Which addresses the guard may send something to: nobody on the way reads it.

/** HTTPS, or HTTP that never leaves this machine; and no password in the address. */
export function isPrivateWay(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, username, password } = new URL(url);
  const loopback = hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
  return username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && loopback));
}
