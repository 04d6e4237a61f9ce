// The words without which no pattern of words can find anything, as hashes; a word that shares a hash only costs a look.

const WORDS =
  // secrets
  'pass password passwd passphrase passcode passwort pwd pw kennwort contraseña passe senha wachtwoord lösenord passord private putty rsakeyvalue bearer ' +
  // money
  'swift bic ' +
  // health
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
  'tamoxifen methotrexate truvada biktarvy ozempic semaglutide humira ' +
  // persons
  'born birth birthdate birthday dob geboren geburtsdatum nacimiento nascita fødselsdato födelsedatum passport reisepass passeport pasaporte passaporto';

/** The rolling hash that one pass over a text computes for each word. */
export function hashOf(word: string): number {
  let hash = 0;
  for (let at = 0; at < word.length; at += 1) hash = (Math.imul(hash, 31) + word.charCodeAt(at)) | 0;
  return hash;
}

export const TRIGGERS: ReadonlySet<number> = new Set(WORDS.split(' ').map(hashOf));
