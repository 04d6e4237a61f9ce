// What makes a part of a text worth a look, and the words without which no pattern of words can find anything, as hashes: a word that shares one only costs a look.

/** What a pattern can't do without; from `secret` on, one of the words below. */
export const NEEDS = ['number', 'mail', 'host', 'token', 'secret', 'money', 'health', 'person', 'national'] as const;
export type Need = (typeof NEEDS)[number];

const WORDS: Partial<Record<Need, string>> = {
  secret:
    'pass password passwd passphrase passcode passwort pwd pw kennwort contraseña passe senha wachtwoord lösenord passord private putty rsakeyvalue bearer aws ' +
    'mot clave parola hasło salasana adgangskode tty rsakey curl jdbc pin otp verification security seed mnemonic recovery backup mfa',
  money:
    'swift bic routing aba rtn transit ach fedwire wire bank sort account acct konto kontonummer cuenta compte checking chequing savings saving deposit blz ifsc bsb ' +
    'bankleitzahl cvv cvc cvn ifs clabe institution acc conto card cc credit debit visa mastercard master maestro amex american discover diners jcb unionpay union rupay mada troy ' +
    'verve elo hipercard mir dankort bancontact karte kreditkarte carte tarjeta carta cartão',
  health:
    'cancer carcinoma melanoma lymphoma leukemia leukaemia tumor tumour diabetes diabetic hypertension hypothyroid hypothyroidism asthma copd emphysema pneumonia ' +
    'tuberculosis hepatitis cirrhosis hiv aids syphilis chlamydia gonorrhea gonorrhoea herpes stroke epilepsy epileptic seizure seizures dementia alzheimer alzheimers parkinson ' +
    'parkinsons sclerosis schizophrenia schizophrenic bipolar depression depressive anxiety ptsd adhd autism autistic anorexia bulimia alcoholism addiction overdose ' +
    'pregnant pregnancy miscarriage abortion infertile infertility arthritis osteoporosis migraine migraines anemia anaemia hemophilia haemophilia aneurysm aneurism myocardial heart ' +
    'kidney renal covid influenza sepsis concussion fracture obesity sickle cystic lupus crohn crohns colitis celiac psoriasis endometriosis ' +
    'icd dx diagnosis diagnoses diagnosed diagnose diagnostic prescribed prescription rx mrn medical patient chart medicare medicaid mbi hicn health krankenversicherung krankenversichertennummer ' +
    'krankenversicherungsnummer blood bp dea npi allergic allergy allergies ' +
    'metformin insulin lisinopril atorvastatin simvastatin amlodipine metoprolol omeprazole losartan albuterol salbutamol levothyroxine gabapentin sertraline fluoxetine ' +
    'citalopram escitalopram prozac zoloft lexapro xanax alprazolam lorazepam diazepam clonazepam oxycodone hydrocodone morphine fentanyl tramadol codeine methadone ' +
    'buprenorphine adderall methylphenidate ritalin lithium quetiapine risperidone olanzapine warfarin apixaban prednisone amoxicillin ibuprofen acetaminophen paracetamol ' +
    'tamoxifen methotrexate truvada biktarvy ozempic semaglutide humira clozapine haloperidol lamotrigine valproate venlafaxine duloxetine bupropion trazodone mirtazapine pregabalin ' +
    'rosuvastatin pantoprazole esomeprazole furosemide hydrochlorothiazide clopidogrel rivaroxaban empagliflozin liraglutide tirzepatide adalimumab azithromycin ciprofloxacin doxycycline ' +
    'naloxone suboxone antidepressant antidepressants chemotherapy antiretroviral antiretrovirals ibuprofène ibuprofeno paracétamol malignant malignancy metastasis metastatic metastases ' +
    'appendicitis dialysis thrombosis embolism fibromyalgia gastritis glaucoma hernia jaundice meningitis neuropathy pancreatitis scoliosis shingles angina arrhythmia fibrillation ' +
    'cardiomyopathy chest mellitus diabète diabete krebs bluthochdruck hipertensión hipertension hipertensão cáncer câncer cancro tumore epilessia épilepsie asthme asma dépression ' +
    'depresión depresion schlaganfall demenz démence demencia ehic ohip kvnr versichertennummer versichertennr krankenkasse hba hb cholesterol ldl hdl ' +
    'triglycerides glucose sugar creatinine gfr egfr tsh hemoglobin haemoglobin spo cd viral bmi snomed cpt hcpcs loinc ndc vaccinated immunized immunised vaccine vaccination insurance insured',
  person:
    'born birth birthdate birthday dob geboren geburtsdatum nacimiento nascita fødselsdato födelsedatum passport reisepass passeport pasaporte passaporto ' +
    'driver drivers driving dl dln permis führerschein fuehrerschein licence license né née nee nascimento naissance nascido nascida nacido nacida nato nata geb geboortedatum født född syntymäaika urodzenia ur narození ' +
    'рождения Рождения род',
  national:
    'ssn ssns social soc nhs nif contribuinte bsn burgerservicenummer sofi steuer steuerid steueridentifikationsnummer steuernummer idnr tax cpr kennitala personnummer fødselsnummer ' +
    'pesel cnp isikukood asmens cod tc tckn kimlik aadhaar aadhar uidai uid tfn medicare sin assurance cpf identity south rsa national personal taxpayer tin nin dni nie ausweis ' +
    'ausweisnummer personalausweis personalausweisnummer identification identifier ein fein employer itin individual utr unique sozialversicherungsnummer rentenversicherungsnummer ' +
    'versicherungsnummer fiscal fiscale partita iva vat nip regon rsin personas egn egnumber oib jmbg emšo emso amka afm adóazonosító taj sv svnr niss insz teudat israeli snils inn iin ' +
    'снилс СНИЛС инн ИНН егн ЕГН паспорт Паспорт mykad ic nik ktp cnic philsys sss cmnd cccd ird cnpj rg cuit cuil cédula cedula nit ruc bvn emirates saudi iqama civil egypt ' +
    'carta dowód pps ppsn voter epic gstin gst uen hkid hong nhi kra ghana abn acn medicare insurance ni rut rfc curp mynumber sécurité securite insee inss seguridad umcn ' +
    'citizen resident egyptian kenyan rrn rodné rodne',
};
/** What tells, near a word of the need above, that it is meant: beside digits, and for secrets any sign. */
const TELLING: Partial<Record<Need, string>> = {
  secret: 'phrase words mnemonic',
  health:
    'patient patients patientin paziente paciente diagnose diagnosed diagnosis diagnoses diagnostic diagnostiqué diagnostiquée diagnosticado diagnosticada diagnóstico souffre leidet erkrankt ' +
    'affetto affetta biopsy biopsies disability suffer suffers suffered suffering treated treatment history tested test tests positive negative prescribe prescribed prescribes prescribing ' +
    'prescription symptom symptoms hospitalized hospitalised admitted medical clinical doctor physician therapy oncology oncologist onset remission prognosis relapse comorbid comorbidity ' +
    'comorbidities surgery scheduled chronic acute metastatic undergoing counselling counseling stage clinic type group daily twice dose dosage tablet tablets capsule capsules refill bid tid prn ' +
    'taking takes since allergic allergy allergies pregnant vaccinated immunized immunised vaccine vaccination',
};
/** Means something with nothing beside it. */
const STRONG = 'allergic allergy allergies pregnant vaccinated immunized immunised vaccine vaccination mnemonic private';
export const ALONE = 1 << 30;
/** How far the bits of what tells lie above those of what needs it. */
export const TELLS = 16;
/** Says by the word behind it what it is. */
const ID = 'id';

/** The hash of a word in small letters. */
export function hashOf(word: string): number {
  let hash = 0;
  for (let at = 0; at < word.length; at += 1) hash = (Math.imul(hash, 31) + word.charCodeAt(at)) | 0;
  return hash;
}

/** The needs a word meets, a bit each; below zero for `id`. */
export const TRIGGERS: ReadonlyMap<number, number> = triggers();
/** Whether any trigger ends in these 16 bits, and whether any starts with letters like these three: most words stop there. */
export const MAY_TRIGGER = new Uint8Array(65_536);
export const GATE = new Uint8Array(32_768);

function listed(words = ''): string[] {
  return words.split(' ').filter((word) => word !== '');
}

function triggers(): Map<number, number> {
  const bits = new Map<number, number>();
  for (const [index, need] of NEEDS.entries()) {
    for (const word of listed(WORDS[need])) bits.set(hashOf(word), (bits.get(hashOf(word)) ?? 0) | (1 << index));
    for (const word of listed(TELLING[need])) bits.set(hashOf(word), (bits.get(hashOf(word)) ?? 0) | (1 << (index + TELLS)));
  }
  for (const word of listed(STRONG)) bits.set(hashOf(word), (bits.get(hashOf(word)) ?? 0) | ALONE);
  bits.set(hashOf(ID), 1 << 31);
  return bits;
}

for (const word of [ID, ...[...Object.values(WORDS), ...Object.values(TELLING)].flatMap(listed)]) {
  MAY_TRIGGER[hashOf(word) & 0xffff] = 1;
  const [first = 0, second = 0, third] = [...word].map((letter) => letter.charCodeAt(0) & 31);
  // behind a word of two letters stands anything
  for (let any = 0; any < 32; any += 1) if (third === undefined || third === any) GATE[(first << 10) | (second << 5) | any] = 1;
}
