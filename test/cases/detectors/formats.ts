// More ways to write each kind: published examples where a number has a check, and patterns where `{A36}` stands for 36 random letters and digits.

/** Behind `⇒` stands what else a text holds. `A` letters and digits, `H` hexadecimal, `D` digits, `U` capitals, `V` capitals and digits, `L` small letters and digits, `W` letters, digits, `_` and `-`. */
export const ALPHABETS: Record<string, string> = {
  A: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789',
  H: '0123456789abcdef',
  D: '0123456789',
  U: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  V: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
  L: 'abcdefghijklmnopqrstuvwxyz0123456789',
  W: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789_-',
};

const words = (text: string) => text.trim().split(/\s*\n\s*/);

/** The examples of the IBAN registry (SWIFT), of every country in it that gives one. */
const IBANS = words(`
  AL47212110090000000235698741 AD1200012030200359100100 AT611904300234573201 AZ21NABZ00000000137010001944 BH67BMAG00001299123456 BE68539007547034
  BA391290079401028494 BG80BNBG96611020345678 HR1210010051863000160 CY17002001280000001200527600 CZ6508000000192000145399 DK5000400440116243
  EE382200221020145685 FO6264600001631634 FI2112345600000785 FR1420041010050500013M02606 GE29NB0000000101904917 DE89370400440532013000
  GI75NWBK000000007099453 GR1601101250000000012300695 GL8964710001000206 HU42117730161111101800000000 IS140159260076545510730339 IE29AIBK93115212345678
  IL620108000000099999999 IT60X0542811101000000123456 JO94CBJO0010000000000131000302 KZ86125KZT5004100100 KW81CBKU0000000000001234560101
  LV80BANK0000435195001 LB62099900000001001901229114 LI21088100002324013AA LT121000011101001000 LU280019400644750000 MK07250120000058984
  MT84MALT011000012345MTLCAST001S MR1300020001010000123456753 MU17BOMM0101101030300200000MUR MD24AG000225100013104168 MC5811222000010123456789030
  ME25505000012345678951 NL91ABNA0417164300 NO9386011117947 PK36SCBL0000001123456702 PL61109010140000071219812874 PT50000201231234567890154
  QA58DOHB00001234567890ABCDEFG RO49AAAA1B31007593840000 SM86U0322509800000000270100 SA0380000000608010167519 RS35260005601001611379
  SK3112000000198742637541 SI56263300012039086 ES9121000418450200051332 SE4550000000058398257466 CH9300762011623852957 TN5910006035183598478831
  TR330006100519786457841326 AE070331234567890123456 GB29NWBK60161331926819 VG96VPVG0000012345678901 BR1800360305000010009795493C1
  CR05015202001026284066 DO28BAGR00000001212453611324 GT82TRAJ01020000001210029690 PS92PALS000000000400123456702 UA213223130000026007233566001
  XK051212012345678906 BY13NBRB3600900000002Z00AB00 IQ98NBIQ850123456789012 LC55HEMM000100010012001200023015 ST23000100010051845310146
  SV62CENR00000000000000700025 TL380080012345678910157 VA59001123000012345678`).flatMap((line) => line.split(/\s+/));
const grouped = (iban: string) => iban.match(/.{1,4}/g)?.join(' ') ?? iban;

/** Numbers that the networks and their acquirers give out for tests. */
const CARDS = '378282246310005 371449635398431 30569309025904 38520000023237 6011111111111117 6011000990139424 3530111333300000 3566002020360505 5555555555554444 5105105105105100 4111111111111111 4012888888881881 4222222222222 2223003122003222 6200000000000005 6759649826438453 6304000000000000 5610591081018250 5019717010103742 5061460410120223210 6362970000457013 6062826786276634 9792030000000000 2200770239097761'.split(
  ' ',
);

export const FORMATS: Record<string, readonly string[]> = {
  'financial.iban': IBANS.flatMap((iban, index) => (index % 2 === 0 ? [`IBAN ${iban}`] : [`please pay to ${grouped(iban)} today`])),
  'financial.card': [
    ...CARDS.map((number) => `card number ${number}`),
    'Visa 4111-1111-1111-1111 exp 12/27',
    '4242.4242.4242.4242',
    'CVV: {D3}',
    'security code (CVV2): {D3}',
  ],
  'financial.bic': ['BIC: DEUTDEFF', 'swift_code=COBADEFFXXX', '"bic":"BNPAFRPPXXX"', 'SWIFT/BIC CHASUS33'],
  'financial.routing': ['ABA 121000248', 'routing transit number: 0260-0959-3', 'RTN=011401533', 'Sort Code: 200000', 'IFSC: SBIN0{D6}', 'IFSC code HDFC0{D6}', 'BSB 062-{D3}', 'BLZ 37040044', 'Bankleitzahl: 500 105 17', 'transit number {D5}-{D3}'],
  'financial.account': ['account_number: 9{D11}', 'Kontonummer 0532013000', 'bank account #: 1{D7}', 'compte bancaire n° 000{D8}', '{"accountNumber": "8{D9}"}', 'acct: 05{D8}', 'CLABE 032180000118359719'],
  'financial.wallet': [
    '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2',
    '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy',
    'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq',
    'bc1p5d7rjq7g6rdk2yhzks9smlaqtedr4dekq08ge8ztwac72sfr9rusxg3297',
    '0x52908400098527886E0F7030069857D2E4169EE7',
    'ltc1qg42tkwuuxefutzxezdkdel39gfstuap288mfea',
    'TRX TJCnKsPa7y5okkXvQAidZBzqx3QyQ6sxMW',
    'xrp rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh',
    'cosmos1hsk6jryyqjfhp5dhc55tc9jtckygx0eph6dd02',
    'bitcoincash:qpm2qsznhks23z7629mms6s5cwef74vcwvy22gdx6a',
    'XMR 44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A',
  ],
  'pii.national_id': words(`
    SSN 536-22-1234
    {"ssn":"536-22-1234"}
    ITIN 912-70-1234
    ITIN: 900701234
    EIN 12-3456789
    Employer Identification Number: 98-7654321
    NHS number: 9434765919
    NINO AA123456C
    national insurance: AB 12 34 56 C
    UTR 1234567890
    Steuer-ID 86095742719
    Steueridentifikationsnummer: 47036892816
    Steuernummer 181/815/08155
    Personalausweis L01X00T471
    Ausweisnummer T22000129
    Rentenversicherungsnummer: 15070649C103
    NIR 2 55 08 14 168 025 38
    numéro fiscal: 30 23 217 600 053
    NIF 12345678Z
    DNI 12.345.678-Z
    NIE X1234567L
    codice fiscale RSSMRA85T10A562S
    Partita IVA 12345670017
    Carta d'identità AA1234567
    PESEL 44051401359
    NIP 526-000-12-46
    REGON 123456785
    BSN 111222333
    BSN: 1234.56.782
    personnummer 811218-9876
    fødselsnummer 13097248022
    hetu 131052-308T
    CPR 070761-4285
    kennitala 120174-3399
    isikukood 37605030299
    asmens kodas 33309240064
    CNP 1800101221144
    EGN 7523169263
    rodné číslo 710319/2745
    OIB 33392005961
    JMBG 0101006500006
    AMKA 01013099997
    NISS 85073003328
    756.9217.0769.85
    PPSN: 6433435F
    TC Kimlik No 10000000146
    Israeli ID: 039337423
    СНИЛС 112-233-445 95
    ИНН 500100732259
    Aadhaar 2341 2341 2346
    PAN card: AFZPK7190K
    Voter ID ABC1234567
    GSTIN 27AAPFU0939F1ZV
    TFN 123 456 782
    ABN 51 824 753 556
    ACN: 004085616
    Medicare 2123 45670 1 ⇒ health.record
    NRIC S1234567D
    FIN G1234567X
    UEN 200312345A
    RRN 850412-1{D6}
    身份证 11010519491231002X
    HKID A123456(3)
    Taiwan ID A123456789
    NIK 3204110609970001
    CNIC 35202-1234567-1
    CCCD 001085012345
    IRD number: 136410132
    CPF: 11144477735
    CNPJ 11.222.333/0001-81
    SIN 046 454 286
    CURP HEGG560427MVZRRL04
    RFC: GODE561231GR8
    RUT 12.678.579-8
    CUIT 20-12345678-6
    cédula de ciudadanía: 1032456789
    NIT 900.123.456-7
    RUC 20100070970
    South African ID number: 8001015009087
    BVN 22212345678
    Ghana card GHA-123456789-0
    Emirates ID 784-1980-1234567-1
    civil id 280010112345`),
  'pii.driving_licence': ["drivers license number WDLABCD456DG", 'DL: A123-4567-8901', 'Führerschein B072RRE2I55', 'permis de conduire 12AB34567', 'driver_license: "D{D7}"'],
  'pii.passport': ['passport number 912803456', 'UK passport 925665416', 'passeport 09AE12345', 'passport_no: K{D7}', 'pasaporte AAB{D6}'],
  'pii.phone': ['+14155552671', '415.555.2671', '+44 (0)20 7946 0958', 'Tel.: 030/901820', 'tél: 01 23 45 67 89', 'móvil 612 345 678', '+91 98765 43210', '+86 138 1234 5678', '+81 90-1234-5678', '+55 11 91234-5678', '+61 412 345 678', '+972 50-123-4567', '0049 151 23456789', 'tel:+81312345678', 'telephone=2125550187', '"phone_number":"(212) 555-0187"'],
  'pii.email': ['JANE_DOE+tag@sub.example.co.uk', "o'neil@example.org", 'user@xn--80ak6aa92e.com', '<mailto:info@example.de>'],
  'pii.birth_date': ['birthdate=19800201', 'D.O.B. 2-1-80', 'né le 1er février 1980', 'nato il 12/05/1975', 'fecha de nacimiento 12/05/1975', 'geboortedatum 12-05-1975', 'data urodzenia 12.05.1975', '"dateOfBirth":"1980-02-01"'],
  'pii.ip': ['2001:0db8:85a3:0000:0000:8a2e:0370:7334', '::ffff:192.0.2.128', 'http://203.0.113.7:8080/'],
  'pii.mac': ['00:1A:2B:3C:4D:5E', '001A.2B3C.4D5E'],
  'health.diagnosis': ['suffers from epilepsy', 'biopsy shows malignant melanoma', 'Diagnose: Diabetes mellitus Typ 2', 'diagnostiqué avec un cancer', 'paziente affetto da diabete', 'ICD10: F32.1', 'Dx: J45.909', 'schizophrenia, treated with clozapine ⇒ health.medication', 'HIV positive patient ⇒ health.record'],
  'health.medication': ['Rx: lisinopril 10mg', 'fluoxetine 20 mg daily', 'on antidepressants since 2020'],
  'health.record': ['MBI: 1EG4TE5MK73', 'Medicare Beneficiary Identifier 1EG4-TE5-MK73', 'health insurance number A{D9}', 'Krankenversichertennummer A{D9}', 'Patient ID: {D6}', 'member id XYZ{D9} (health plan)', 'HbA1c 7.8%', 'cholesterol 240 mg/dL', 'COVID-19 test: positive', 'NPI: 1245319599', 'DEA number AB1234563', 'NDC 0002-8215-01', 'she is pregnant', 'vaccinated with Pfizer'],
  'credentials.aws_key': ['ABSK{A120}', 'amzn.mws.4ea38b7b-f563-7709-4bae-87aea15c0a12'],
  'credentials.google_key': ['ya29.{W60}', '{D12}-{L32}.apps.googleusercontent.com'],
  'credentials.azure_key': ['abc8Q~{A34}', 'SharedAccessKeyName=Root;SharedAccessKey={A43}= ⇒ credentials.generic'],
  'credentials.github_token': ['ghu_{A36}', 'ghs_{A36}', 'ghr_{A76}'],
  'credentials.gitlab_token': ['glrt-{A20}', 'gldt-{A20}', 'GR1348941{A20}'],
  'credentials.bitbucket_token': ['ATBB{A32}'],
  'credentials.slack_token': ['xapp-1-A{V10}-{D13}-{H64}', 'xoxe-1-{A146}'],
  'credentials.stripe_key': ['sk_test_{A24}', 'sk_live_51{A97}'],
  'credentials.mail_key': ['pubkey-{H32}', 'xkeysib-{H64}-{A16}', '{H32}-{H8}-{H8}', 're_{A8}_{A24}'],
  'credentials.ai_key': ['r8_{A37}', 'pplx-{A48}', 'xai-{A80}', 'sk-or-v1-{H64}', 'nvapi-{A64}', 'tgp_v1_{A43}', 'lsv2_pt_{H32}_{H10}', 'pcsk_{A6}_{A63}', 'tvly-{A32}', 'jina_{A60}'],
  'credentials.package_token': ['oy2{L43}', 'dckr_pat_{A27}', 'AKCp{A69}', 'cmVmdGtu{A56}', 'CLOJARS_{L60}'],
  'credentials.cloud_key': ['doo_v1_{H64}', 'HRKU-AA{A58}', 'dapi{H32}', 'hvb.{A140}', 'pul-{H40}', 'fo1_{A43}', 'pscale_tkn_{A43}', 'sbp_{H40}', 'sha256~{A43}', 'AKID{A32}'],
  'credentials.square_key': ['EAAA{A60}', 'sq0csp-{A43}'],
  'credentials.shopify_token': ['shpss_{H32}', 'shpca_{H32}'],
  'credentials.telegram_token': ['https://api.telegram.org/bot110201543:AA{A33}/getMe'],
  'credentials.discord_token': ['https://discord.com/api/webhooks/123456789012345678/{A68}'],
  'credentials.service_token': ['NRAK-{V27}', 'NRII-{A32}', 'ntn_{A46}', 'secret_{A43}', 'ATATT3{A186}', 'sntryu_{H64}', 'dt0c01.{V24}.{V64}', 'dp.pt.{A43}', 'EZAK{A54}', 'pat{A14}.{H64}', 'tfp_{A59}', 'rdme_{L70}', 'pnu_{A36}', 'sgp_{H16}_{H40}', 'access-sandbox-4ea38b7b-f563-4709-8bae-87aea15c0a12', 'shippo_live_{H40}', 'duffel_live_{A43}', 'FLWSECK_TEST-{H32}-X', 'fio-u-{A64}', 'ico-{A32}', 's-s4t2ud-{H64}', 'pk.{A60}.{A22}', '{A6}_{A29}_mmk', 'API-{V26}', 'sm_pat_{A16}', 'squ_{H40}', 'tk-us-{A48}', 'sl.{A135}', 'AQVN{A35}', 'p8e-{L32}', 'bkua_{H40}', 'rnd_{A32}', 'nfp_{A36}', 'A3-{V6}-{V11}-{V5}-{V5}-{V5}', 'dnkey-{A26}-{A52}'],
  'credentials.private_key': ['-----BEGIN PGP PRIVATE KEY BLOCK-----', '-----BEGIN ENCRYPTED PRIVATE KEY-----', 'PuTTY-User-Key-File-2: ssh-rsa', 'AGE-SECRET-KEY-1{V58}'],
  'credentials.password': [
    'mongodb+srv://root:xyz123AB@cluster0.example.net',
    'redis://:p4ssw0rdx@redis:6379',
    'jdbc:mysql://h/db?user=root&password=tiger99x',
    'jdbc:oracle:thin:scott/tiger9x@//h:1521/x',
    'Server=myserver;Database=db;Uid=me;Pwd=S3cret!x;',
    'curl -u admin:S3cretPw1 https://x.example',
    '<password>S3cr3t!x</password>',
    'https://{H40}@github.com/x/y',
    'admin:$apr1$abcdefgh$aB3dE5gH7jK9mN1pQ3sT5u',
    '$2b$12${A53}',
    'root:$6${A16}${A86}:18000:0',
    'machine api.example.com login me password s3cretPW1',
    'PIN: 4821',
    'verification code 483920',
    "'password' => 'ab12cd34'",
    '--password=Sup3rS3cret',
    'wifi password: Gu3stW1fi',
  ],
  'credentials.generic': ['"SecretAccessKey": "{A40}"', 'ALGOLIA_ADMIN_KEY={H32}', 'X-Api-Key: {A32}', 'encryption_key: {H64}', 'DATADOG_API_KEY={H32}', 'HEROKU_API_KEY: "4ea38b7b-f563-4709-8bae-87aea15c0a12"', '//registry.npmjs.org/:_authToken=4ea38b7b-f563-4709-8bae-87aea15c0a12', 'access_token={A64}', 'secret_key_base: {H128}'],
};

/** Hard ones that a scanner met in published code and documents. */
export const PUBLISHED: Record<string, readonly string[]> = {
  code: [
    'const pass = !this.result.issues || this.result.issues.length === 0;',
    'export declare const id_pkcs9_at_challengePassword = "1.2.840.113549.1.9.7";',
    'export declare const id_ce_basicConstraints = "2.5.29.19";',
    '"pbkdf2-password": "1.2.1",',
    'let CompositePrivateKey = CompositePrivateKey_1 = class CompositePrivateKey extends AsnArray {',
    'token = cancellation_1.CancellationToken.is(params[numberOfParams]) ? params[numberOfParams] : undefined;',
    'NodeBuilderFlags[NodeBuilderFlags["WriteCallStyleSignature"] = 134217728] = "WriteCallStyleSignature";',
    'bound scanning of untrusted text bodies ([1910471](https://git.example/commit/{H40}))',
    'password: userPass[2]',
    '"license": "MIT", "version": "{D1}.{D2}.{D1}",',
    'if (a < b && c >> 3) { return x.y.z(1, 2, 3); }',
    'SELECT id, created_at FROM orders WHERE id = {D7}',
    'private readonly secretKeyStoreProvider = new SecretKeyStoreProvider();',
    's.someVeryLongMethodName2(x)',
    'std::vector<std::pair<int, int>> v{{1, 2}, {3, 4}};',
  ],
  log: [
    '{"ts":"2026-11-23T10:00:00.123Z","level":"info","msg":"ok","dur":{D4},"span":"{H16}"}',
    '[23/Nov/2026:10:00:00 +0000] "GET /a/{D8} HTTP/1.1" 200 {D6}',
    'pid {D5} exited with 1 after {D6} us at 0x{H12}',
    'DEBUG cache key user:{D6}:profile hit=true ttl={D4}',
  ],
  words: ['your card was declined by the reader at gate {D2}', 'the national team met, account of {D4} fans', 'tax on {D3} items, net {D4} EUR', 'my voter friends read RFC {D4} and IC 74HC{D3}', 'sort by code {D2}-{D2}', 'INN guest {D3}, NIT group {D2}'],
};
