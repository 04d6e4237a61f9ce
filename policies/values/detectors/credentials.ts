// Keys, tokens and passwords: by the prefixes that services give them, and by the name of what they are assigned to.
import type { Detector } from './detector.ts';
import { ahead, matching } from './detector.ts';

/** Class to the shape of its tokens, as the services document them. All stand alone: no letter or digit before or behind. */
const SHAPES: readonly (readonly [string, string])[] = [
  ['aws_key', 'ABSK[A-Za-z0-9+/]{109,269}={0,2}|amzn\\.mws\\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|da2-[a-z0-9]{26}'],
  ['aws_key', '(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|A3T[A-Z0-9])[A-Z0-9]{16}'],
  ['github_token', 'gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}'],
  [
    'slack_token',
    'xox[abceoprs]-(?:\\d-)?[A-Za-z0-9-]{10,250}|xoxe\\.xox[bp]-\\d-[A-Za-z0-9]{30,250}|xapp-\\d-[A-Z0-9]{6,20}-\\d{6,20}-[a-f0-9]{20,80}',
  ],
  ['slack_token', 'hooks\\.slack\\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{20,80}'],
  ['jwt', 'eyJ[A-Za-z0-9_-]{8,4096}\\.eyJ[A-Za-z0-9_-]{4,16384}\\.[A-Za-z0-9_-]{0,2048}'],
  ['google_key', '\\d{8,14}-[a-z0-9]{32}\\.apps\\.googleusercontent\\.com|AAAA[A-Za-z0-9_-]{7}:[A-Za-z0-9_-]{140}'],
  ['google_key', 'AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{28}|ya29\\.[A-Za-z0-9_-]{20,512}|1//0[A-Za-z0-9_-]{30,200}'],
  ['bitbucket_token', 'AT(?:BB|CTT3)[A-Za-z0-9_=-]{24,240}'],
  ['stripe_key', '(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,247}|whsec_[A-Za-z0-9+/=]{24,64}'],
  ['gitlab_token', 'gl(?:pat|ptt|rt|dt|cbt|ft|imt|agent|oas|soat|ffct)-[A-Za-z0-9_.-]{20,300}|GR1348941[A-Za-z0-9_-]{20}'],
  [
    'openai_key',
    'sk-(?:proj-|svcacct-|admin-|None-)[A-Za-z0-9_-]{20,200}|sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|sk-[A-Za-z0-9]{48}',
  ],
  [
    'ai_key',
    'sk-(?:or-v1|lf|ctx7)-[a-f0-9-]{32,64}|ctx7sk-[a-f0-9-]{36}|nvapi-[A-Za-z0-9_-]{60,70}|tgp_v1_[A-Za-z0-9_-]{43}|lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}|pcsk_[A-Za-z0-9]{4,8}_[A-Za-z0-9]{50,70}|jina_[A-Za-z0-9]{60}|tvly-[A-Za-z0-9-]{24,48}|fw_[A-Za-z0-9]{22,26}|ion_[A-Za-z0-9]{42}|sk_[a-f0-9]{48}|phc_[A-Za-z0-9]{40,50}|phx_[A-Za-z0-9]{40,50}|co_[A-Za-z0-9]{40}',
  ],
  ['anthropic_key', 'sk-ant-[a-z0-9]{3,12}-[A-Za-z0-9_-]{20,200}'],
  [
    'package_token',
    'oy2[a-z0-9]{43}|AKC[A-Za-z0-9]{10,120}|cmVmdGtu[A-Za-z0-9]{56}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,400}|rubygems_[a-f0-9]{48}|CLOJARS_[a-z0-9]{60}|dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,60}',
  ],
  [
    'ai_key',
    'hf_[A-Za-z0-9]{30,40}|api_org_[A-Za-z0-9]{34}|gsk_[A-Za-z0-9]{40,60}|r8_[A-Za-z0-9]{37}|pplx-[A-Za-z0-9]{40,60}|xai-[A-Za-z0-9]{60,100}',
  ],
  [
    'mail_key',
    'SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{32,64}|[a-f0-9]{32}-us\\d{1,2}|(?:pub)?key-[a-f0-9]{32}|[a-f0-9]{32}-[a-f0-9]{8}-[a-f0-9]{8}|mlsn\\.[a-f0-9]{64}|re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,32}|xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}',
  ],
  ['twilio_key', '(?:SK|AC)[a-f0-9]{32}'],
  ['telegram_token', '(?:bot)?\\d{8,10}:AA[A-Za-z0-9_-]{32,34}'],
  [
    'discord_token',
    '[MNO][A-Za-z0-9_-]{23,27}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,40}|discord(?:app)?\\.com/api/webhooks/\\d{15,22}/[A-Za-z0-9_-]{60,80}',
  ],
  ['square_key', 'sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,60}|EAAA[A-Za-z0-9_-]{56,64}'],
  ['shopify_token', 'shp(?:at|ca|pa|ss|ua)_[a-fA-F0-9]{32}'],
  ['facebook_token', 'EAA(?:CEdEose0cBA|[B-Z])[A-Za-z0-9]{30,250}'],
  ['twitter_token', 'A{20,24}[A-Za-z0-9%]{50,120}'],
  [
    'azure_key',
    'AccountKey=[A-Za-z0-9+/]{40,88}={0,2}|SharedAccessKey=[A-Za-z0-9+/]{40,48}={0,2}|[A-Za-z0-9_~.-]{3}\\dQ~[A-Za-z0-9_~.-]{31,34}',
  ],
  [
    'cloud_key',
    'LTAI[A-Za-z0-9]{12,24}|AKID[A-Za-z0-9]{32}|do[opr]_v1_[a-f0-9]{64}|dapi[a-f0-9]{32}(?:-\\d)?|HRKU-[A-Za-z0-9_-]{36,70}|hv[sbr]\\.[A-Za-z0-9_-]{20,300}',
  ],
  [
    'cloud_key',
    '[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_=-]{60,70}|pul-[a-f0-9]{40}|sbp_[a-f0-9]{40}|pscale_(?:tkn|oauth|pw)_[A-Za-z0-9=._-]{32,64}|sha256~[A-Za-z0-9_-]{43}',
  ],
  [
    'cloud_key',
    'v1\\.0-[a-f0-9]{24}-[a-f0-9]{146}|fo1_[A-Za-z0-9_-]{43}|fm[12][ar]?_[A-Za-z0-9+/]{100,600}={0,3}|ops_eyJ[A-Za-z0-9+/]{200,2000}={0,3}',
  ],
  [
    'service_token',
    'AT[AC]TT3[A-Za-z0-9_=-]{80,250}|lin_(?:api|oauth)_[A-Za-z0-9]{32,64}|ntn_[A-Za-z0-9]{40,60}|PMAK-[a-f0-9]{24}-[a-f0-9]{34}|NRAK-[A-Z0-9]{27}|NRJS-[a-f0-9]{19}',
  ],
  [
    'service_token',
    'sntry[su]_[A-Za-z0-9+/=_]{60,300}|gl(?:sa|c)_[A-Za-z0-9+/=_]{32,400}|dt0c01\\.[A-Z0-9]{24}\\.[A-Z0-9]{64}|dp\\.(?:pt|st|ct|sa)\\.[A-Za-z0-9]{40,44}',
  ],
  [
    'service_token',
    'pat[A-Za-z0-9]{14}\\.[a-f0-9]{64}|EZ[AT]K[A-Za-z0-9]{54}|sgp_(?:[a-fA-F0-9]{16}_)?[a-fA-F0-9]{40}|tfp_[A-Za-z0-9_.=-]{59}|rdme_[a-z0-9]{70}|pnu_[A-Za-z0-9]{36}|figd_[A-Za-z0-9_-]{40}',
  ],
  [
    'service_token',
    'NRII-[A-Za-z0-9_-]{32}|secret_[A-Za-z0-9]{43}|eyJrIjoi[A-Za-z0-9]{70,400}={0,3}|[sb]\\.(?=[A-Za-z]{0,23}\\d)[A-Za-z0-9]{24}|sb_(?:secret|publishable)_[A-Za-z0-9_-]{31}|access-(?:sandbox|development|production)-[a-f0-9-]{36}|shippo_(?:live|test)_[a-f0-9]{40}|duffel_(?:live|test)_[A-Za-z0-9_=-]{43}|FLW(?:SEC|PUB)K(?:_TEST)?-[a-fA-F0-9]{12,32}-X|fio-u-[A-Za-z0-9_=-]{64}|ico-[A-Za-z0-9]{32}|s-s4t2(?:ud|af)-[a-f0-9]{64}|[ps]k\\.eyJ[A-Za-z0-9]{40,120}\\.[A-Za-z0-9_-]{22}|pk\\.[A-Za-z0-9]{60}\\.[A-Za-z0-9]{22}',
  ],
  [
    'service_token',
    '[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk|API-[A-Z0-9]{26}|sm_(?:aat|pat|sat)_[A-Za-z0-9]{16}|sq[upa]_[a-f0-9]{40}|tk-us-[A-Za-z0-9_-]{48}|sl\\.[A-Za-z0-9_=-]{130,152}|t1\\.[A-Za-z0-9_-]{20,100}\\.[A-Za-z0-9_-]{86}={0,2}|AQVN[A-Za-z0-9_-]{35,38}|p8e-[a-z0-9]{32}|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}|dnkey-[A-Za-z0-9_=-]{26}-[A-Za-z0-9_=-]{52}|[ps]at\\.[A-Za-z0-9_-]{22}\\.[a-f0-9]{24}\\.[A-Za-z0-9]{20}',
  ],
  [
    'service_token',
    'bk[up]a_[a-f0-9]{40}|rnd_[A-Za-z0-9]{32}|whsk_[A-Za-z0-9]{32}|SCW[A-Z0-9]{17}|[a-z0-9-]{1,40}\\.webhook\\.office\\.com/webhookb2/[a-f0-9@-]{60,80}/IncomingWebhook/[a-f0-9]{32}/[a-f0-9-]{36}|nfp_[A-Za-z0-9]{36}|4b1d[A-Za-z0-9]{38}|vercel_blob_rw_[A-Za-z0-9]{16}_[A-Za-z0-9]{30}|vcp_[A-Za-z0-9]{50,60}|ghc_[A-Za-z0-9]{36}|b_(?=[A-Za-z=_-]{0,40}\\d)[A-Za-z0-9=_-]{44}',
  ],
  [
    'password',
    '(?<=\\$)(?:2[abxy]\\$\\d\\d\\$[./A-Za-z0-9]{53}|[156y]\\$[^$\\s]{1,40}\\$[./A-Za-z0-9]{22,128}|apr1\\$[^$\\s]{1,16}\\$[./A-Za-z0-9]{22})',
  ],
  ['private_key', '[xyz]prv[1-9A-HJ-NP-Za-km-z]{107}'],
  ['private_key', 'AGE-SECRET-KEY-1[A-Z0-9]{58}'],
];

const PASSWORD_NAME =
  '(?:pass(?:word|wd|phrase|code|wort)?|pwd|pw|kennwort|contraseña|mot de passe|senha|wachtwoord|lösenord|passord)';
const SECRET_NAME =
  '(?:api|app(?:lication)?|access|admin|auth(?:entication|orization)?|client|consumer|encryption|master|private|refresh|secret|service|session|shared|signing|storage|webhook|bot|bearer|id)[ _.-]?(?:key|token|secret|id[ _.-]?key)|apikey|secret|token|credentials?|creds';
/** How a value is given to a name: `=`, `:`, `=>`, `:=`, or in words. */
const GIVES = '["\'`\\])]{0,2}\\s{0,4}(?:=>|:=|==?|:|\\bis\\b)\\s{0,4}';
const VALUE = '(?:"([^"\\r\\n]{1,512})"|\'([^\'\\r\\n]{1,512})\'|`([^`\\r\\n]{1,512})`|([^\\s"\'`,;<>()]{1,512}))';
/** What stands where a secret would, in samples, types and code. */
const PLACEHOLDER =
  /^(?:[*x•.#_-]+|<.*>|\[.*\]|\{.*\}|\$.*|%.*%|null|nil|none|undefined|true|false|string|str|text|bool(?:ean)?|number|int|char|varchar.*|required|optional|hidden|redacted|masked|empty|changed?|reset|expired|invalid|incorrect|wrong|correct|protected|sent|stored|example|sample|test|todo|tbd|n\/a|your[ _-].*|my[ _-]?password|password|secret|token)$/i;
const REFERENCE =
  /^[!(&|]*(?:process|os|env|config|settings|options?|opts|args?|params?|self|this|req(?:uest)?|data|user|props|ctx|input|body|form|system|secrets?)\b[.[]|\(|^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$|^(?:https?|file):|^[A-Za-z_$][\w$]*\[|^[\^~v]?\d+(?:\.\d+)+$/;
const KEY_NAME =
  /api[_.-]?key|auth[_.-]?token|access[_.-]?token|client[_.-]?secret|secret[_.-]?key|(?:heroku|snyk|codecov|npm|nuget)\w{0,20}(?:key|token|secret)/i;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const CREDENTIALS: readonly Detector[] = [
  ...SHAPES.map(([name, shape]) =>
    matching(`credentials.${name}`, 'token', new RegExp(`(?<![A-Za-z0-9_])(?:${shape})(?![A-Za-z0-9_])`, 'g')),
  ),
  matching(
    'credentials.private_key',
    'secret',
    /-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d:|<RSAKeyValue>/g,
  ),
  matching(
    'credentials.aws_key',
    'secret',
    /(?<![A-Za-z0-9])aws.{0,24}?(?:secret|sk).{0,24}?["'`=:\s]([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/gi,
    (match) => entropy(match[1] ?? '') > 3.5,
  ),
  matching('credentials.password', 'secret', assignment(PASSWORD_NAME, 'password|passwd|passphrase|passwort|kennwort'), (match) =>
    isPassword(match),
  ),
  matching(
    'credentials.password',
    'mail',
    /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/?#@"'<>]{0,128}:([^\s/?#@"'<>]{1,256})@[A-Za-z0-9[]/gi,
    (match) => !PLACEHOLDER.test(match[1] ?? ''),
  ),
  // a token in place of user and password
  matching('credentials.password', 'mail', /:\/\/([A-Za-z0-9_-]{20,255})@[A-Za-z0-9[]/g, (match) => looksRandom(match[1] ?? '')),
  matching('credentials.password', 'secret', /jdbc:oracle:thin:[^\s/:@"']{1,64}\/[^\s@"']{1,64}@/gi),
  matching(
    'credentials.password',
    'secret',
    /(?<!\w)curl\b[^\n]{0,200}?\s(?:-u|--user)[ =]["']?[^\s:"']{1,64}:([^\s"']{4,256})/g,
    (match) => !PLACEHOLDER.test(match[1] ?? '') && !REFERENCE.test(match[1] ?? ''),
  ),
  matching(
    'credentials.password',
    'secret',
    /<(?:\w{1,30}[_.:-]?)?(?:password|passwd|pwd|passphrase|secret|api_?key)>\s{0,4}([^<\s][^<]{3,255})<\//gi,
    (match) => !PLACEHOLDER.test((match[1] ?? '').trim()) && !REFERENCE.test(match[1] ?? ''),
  ),
  matching(
    'credentials.password',
    'secret',
    /(?<!\w)(?:otp|one[- ]time (?:password|passcode|code)|(?:verification|security|login|2fa|mfa) code|passcode|pin)(?:\s?(?:is|:|=)\s?|\s(?=\d{6}))(?:\d{4}|\d{6}|\d{8})(?![\w.-])/gi,
    (match, text) => !/postal|zip|map|drop/i.test(ahead(match, text, 24)),
  ),
  matching(
    'credentials.private_key',
    'secret',
    /(?<!\w)(?:seed|recovery|mnemonic|backup)[ _-]?(?:phrase|words)\W{1,6}(?:[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8}/gi,
  ),
  matching(
    'credentials.password',
    'secret',
    /(?<!\w)machine\s{1,4}\S{1,255}\s{1,4}login\s{1,4}\S{1,255}\s{1,4}password\s{1,4}\S{1,255}/gi,
  ),
  matching(
    'credentials.generic',
    'secret',
    assignment(SECRET_NAME, 'secret|token|api_?key|access_?key|secret_?key|private_?key'),
    (match) => isSecret(match),
  ),
  matching(
    'credentials.generic',
    'token',
    /(?<!\w)(?:Bearer|Basic|Token)\s{1,4}([A-Za-z0-9._~+/-]{16,4096}={0,2})(?![A-Za-z0-9])/g,
    (match) => looksRandom(match[1] ?? ''),
  ),
];

/** `inWords` are found at the end of a longer word too: `dbPassword`. */
function assignment(name: string, inWords: string): RegExp {
  return new RegExp(
    `(?<![\\p{L}\\p{N}])((?:[\\p{L}\\p{N}]{1,30}[_.-]){0,4})(?:${name}|[\\p{L}\\p{N}]{1,30}(?:${inWords}))(?:[_.-][\\p{L}\\p{N}]{1,20}){0,2}${GIVES}${VALUE}`,
    'giu',
  );
}

function assigned(match: RegExpExecArray): { value: string; quoted: boolean } {
  const quoted = match[2] ?? match[3] ?? match[4];
  return { value: (quoted ?? match[5] ?? '').trim(), quoted: quoted !== undefined };
}

/** A bare value must look typed for the purpose; a quoted one is a value as it stands. */
function isPassword(match: RegExpExecArray): boolean {
  const { value, quoted } = assigned(match);
  const bare = value.replace(/[.!?)]+$/, '');
  if (bare.length < 4 || PLACEHOLDER.test(bare) || (!quoted && REFERENCE.test(bare)) || /^[\^~v]?\d+(?:\.\d+){2,}$/.test(bare))
    return false;
  if (quoted) return !/\s.*\s/.test(value) && /^[\x21-\x7e\u00a1-\uffff ]+$/.test(value);
  return bare.length >= 6 && /\d|[^\p{L}\p{N}\s._/-]/u.test(bare);
}

function isSecret(match: RegExpExecArray): boolean {
  const { value } = assigned(match);
  if (
    /(?:page|next|prev|sync|cursor|continuation|idempotency|csrf|xsrf|public)[_.-]?(?:token|key|secret)/i.test(
      match[0].split(/[=:]/)[0] ?? '',
    )
  )
    return false;
  if (PLACEHOLDER.test(value) || REFERENCE.test(value)) return false;
  // some services give out ids as keys: then only the name tells
  if (UUID.test(value)) return KEY_NAME.test(match[0].split(/[=:]/)[0] ?? '');
  return /^[A-Za-z0-9+/_=.~:-]{16,512}$/.test(value) && looksRandom(value);
}

/** Random characters, as no word, number, date, version or identifier of a row has them. */
function looksRandom(value: string): boolean {
  if (isWordy(value)) return false;
  return (
    /\d/.test(value) && /[A-Za-z]/.test(value) && !UUID.test(value) && !/^\d{4}-\d\d-\d\d/.test(value) && entropy(value) >= 3
  );
}

/** Made of words, as names in code are: parts of four letters and more, hardly a digit. */
function isWordy(value: string): boolean {
  const parts = value.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g) ?? [];
  return parts.length > 0 && parts.join('').length / parts.length >= 4 && value.replace(/\D/g, '').length <= 3;
}

/** Shannon entropy in bits a character. */
function entropy(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits;
}
