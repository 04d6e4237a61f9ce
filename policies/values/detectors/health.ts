// Health: what is said of a person's body. Words decide, two at a time, since one alone is everyday language.
import type { Detector } from './detector.ts';
import { digitsOf, labelled, matching, near } from './detector.ts';

const CONDITION =
  /(?<![\p{L}])(?:cancer|carcinoma|melanoma|lymphoma|leuka?emia|tumou?r|diabet(?:es|ic)|hypertension|hypothyroid\w*|asthma|copd|emphysema|pneumonia|tuberculosis|hepatitis|cirrhosis|hiv|aids|syphilis|chlamydia|gonorrh\w+|herpes|stroke|epilep\w+|seizures?|dementia|alzheimer\w*|parkinson\w*|multiple sclerosis|schizophreni\w+|bipolar|depress(?:ion|ive disorder)|anxiety disorder|ptsd|adhd|autis\w+|anorexia|bulimia|alcoholism|addiction|overdose|pregnan\w+|miscarriage|abortion|infertil\w+|arthritis|osteoporosis|migraines?|an[ae]mia|h[ae]mophilia|an?eurysm|myocardial|heart (?:attack|failure|disease)|kidney (?:failure|disease)|renal failure|covid(?:-19)?|influenza|sepsis|concussion|fracture|obesity|sickle cell|cystic fibrosis|lupus|crohn\w*|colitis|celiac|psoriasis|endometriosis|malignant|malignancy|metasta\w+|appendicitis|dialysis|thrombosis|embolism|fibromyalgia|gastritis|glaucoma|hernia|jaundice|meningitis|neuropathy|pancreatitis|scoliosis|shingles|angina|arrhythmia|atrial fibrillation|cardiomyopathy|chest pain|diabet[ea]s? mellitus|diabète|diabete|krebs|bluthochdruck|hipertensi[óo]n|hipertensão|cáncer|câncer|cancro|tumore|epilessia|épilepsie|asthme|asma|dépression|depresi[óo]n|schlaganfall|demenz|démence|demencia)(?![\p{L}])/giu;
const PATIENT =
  /(?<![\p{L}\p{N}])(?:patients?|patientin|paziente|paciente|diagnos(?:e|tic|tiqu[ée]+e?|tica(?:d[oa]|to)?)|diagnóstico|souffre d|leidet an|erkrankt an|affett[oa] da|biops\w+|disability|treated with|undergoing|counsell?ing for|stage (?:[1-4]|i{1,3}v?)|clinic|diagnos(?:ed with|is|es)|suffer(?:s|ed|ing)? from|treat(?:ed|ment) for|history of|tested positive|test(?:s|ed)? (?:negative|reactive)|prescri\w+|symptoms?|hospitali[sz]ed|admitted|medical|clinical|doctor|physician|therapy|chemotherapy|oncolog\w+|onset|remission|prognosis|relapse|comorbid\w*|surgery|scheduled for|type [12]|chronic|acute|metastatic)(?![\p{L}\p{N}])/iu;
const DRUG =
  /(?<![\p{L}])(?:metformin|insulin|lisinopril|atorvastatin|simvastatin|amlodipine|metoprolol|omeprazole|losartan|albuterol|salbutamol|levothyroxine|gabapentin|sertraline|fluoxetine|citalopram|escitalopram|prozac|zoloft|lexapro|xanax|alprazolam|lorazepam|diazepam|clonazepam|oxycodone|hydrocodone|morphine|fentanyl|tramadol|codeine|methadone|buprenorphine|adderall|methylphenidate|ritalin|lithium carbonate|quetiapine|risperidone|olanzapine|warfarin|apixaban|prednisone|amoxicillin|ibuprofen|acetaminophen|paracetamol|tamoxifen|methotrexate|truvada|biktarvy|ozempic|semaglutide|humira|clozapine|haloperidol|lamotrigine|valproate|venlafaxine|duloxetine|bupropion|trazodone|mirtazapine|pregabalin|rosuvastatin|pantoprazole|esomeprazole|furosemide|hydrochlorothiazide|clopidogrel|rivaroxaban|empagliflozin|liraglutide|tirzepatide|adalimumab|azithromycin|ciprofloxacin|doxycycline|naloxone|suboxone|antidepressants?|chemotherapy|antiretrovirals?|ibuprofène|ibuprofeno|paracétamol)(?![\p{L}])/giu;
const DOSE =
  /\d\s?(?:mg|mcg|µg|ml|iu|units?)\b|\b(?:daily|twice|dose|dosage|tablets?|capsules?|prescri\w+|refill|b\.?i\.?d\.?|t\.?i\.?d\.?|prn|taking|takes|patient|treated with|on since|since)\b/i;

export const HEALTH: readonly Detector[] = [
  matching('health.diagnosis', 'health', CONDITION, (match, text) => near(match, text, PATIENT, 64, 48)),
  matching('health.diagnosis', 'health', /(?<![\w.-])[A-TV-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?(?![\w-])/g, (match, text) =>
    near(match, text, /\b(?:icd(?:-?(?:9|10|11))?(?:-cm)?|diagnos\w+|dx)\b/i, 40, 12),
  ),
  matching('health.medication', 'health', DRUG, (match, text) => near(match, text, DOSE, 32, 32)),
  matching(
    'health.medication',
    'health',
    /(?<!\p{L})(?:prescribed|prescription|rx)\b[^.\n]{0,40}?\d{1,4}\s?(?:mg|mcg|µg|ml)\b/giu,
  ),
  matching(
    'health.record',
    'health',
    /(?<![A-Za-z0-9])(?:mrn|medical[ _-]?record|patient[ _-]?(?:id|number|no|nr)|chart[ _-]?(?:number|no))(?:[ _-]?(?:number|no|nr|id))?\b\.?\W{0,5}(?:is )?[A-Z]{0,4}-?\d{4,12}(?!\w)/gi,
  ),
  matching(
    'health.record',
    'health',
    labelled(
      'health[ _-]?(?:insurance|plan|card)|medicare(?: beneficiary identifier)?|medicaid|mbi|hicn|ehic|ohip|kvnr|(?:kranken)?versicherten(?:nummer|nr)|krankenversicher\\p{L}*|krankenkasse|(?:medical|health)[ _-]?(?:policy|insurance)(?:[ _-]?(?:policy|member))?',
      '(?=[A-Z0-9-]{0,8}\\d{2})[A-Z0-9](?:[- ]?[A-Z0-9]){6,19}',
    ),
    ([text]) => digitsOf(text).length >= 4,
  ),
  matching(
    'health.record',
    'health',
    labelled('(?:member|policy|subscriber|group)', '(?=[A-Z-]{0,6}\\d{3})[A-Z0-9](?:-?[A-Z0-9]){5,14}'),
    (match, text) =>
      near(
        match,
        text,
        /\b(?:health|medical|insurance|insured|hmo|ppo|blue ?cross|aetna|cigna|medicaid|medicare|humana)\b/i,
        64,
        48,
      ),
  ),
  matching(
    'health.record',
    'health',
    /(?<!\w)[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}(?![\w-])/g,
  ),
  matching(
    'health.record',
    'health',
    labelled(
      'hb ?a1c|a1c|cholesterol|ldl(?:-c)?|hdl(?:-c)?|triglycerides|(?:blood )?(?:glucose|sugar)|creatinine|e?gfr|tsh|h(?:a?e)moglobin|spo2|cd4(?: count)?|viral load',
      '\\d{1,4}(?:[.,]\\d{1,2})?\\s?(?:%|mg/dl|mmol/l|mmol/mol|g/dl|µmol/l|miu/l|cells|copies)',
    ),
  ),
  matching('health.record', 'health', labelled('bmi|body mass index', '[1-6]\\d(?:[.,]\\d{1,2})?')),
  matching('health.record', 'health', labelled('snomed(?:[ -]?ct)?', '\\d{6,18}')),
  matching('health.record', 'health', labelled('cpt|hcpcs', '[A-Z]?\\d{4,5}')),
  matching('health.record', 'health', labelled('loinc', '\\d{1,5}-\\d')),
  matching('health.record', 'health', labelled('ndc', '\\d{4,5}-\\d{3,4}-\\d{1,2}')),
  matching(
    'health.record',
    'health',
    /(?<!\w)(?:covid(?:-19)?|hiv|hepatitis [abc]|pregnancy|drug|std|sti|pcr)(?:[ -](?:test|screen|antigen|antibody))?(?: results?)?\W{0,3}(?:was |is |came back |tested )?(?:positive|negative|reactive)(?!\w)/gi,
  ),
  matching(
    'health.record',
    'health',
    /(?<!\w)(?:vaccinated (?:with|against)|immuni[sz]ed against|vaccine lot|vaccination record)\s\w/gi,
  ),
  matching(
    'health.record',
    'health',
    /(?<!\w)(?:she|i|he|wife|daughter|employee|patient|who|[A-Z][a-z]{1,20}) (?:is|am|was|got) (?:[\w-]{1,12} ){0,3}pregnant(?!\w)/g,
  ),
  matching(
    'health.record',
    'health',
    /(?<!\w)(?:blood (?:type|group))\b\W{0,4}(?:is )?(?:A|B|AB|O)(?:[+-]|\s?(?:rh)?\s?(?:pos|neg)\w*)/gi,
  ),
  matching('health.record', 'health', /(?<!\w)(?:blood pressure|bp)\b\W{0,4}(?:is |was |of )?\d{2,3}\/\d{2,3}(?!\d)/gi),
  matching(
    'health.record',
    'health',
    /(?<!\w)(?:dea|npi|medical licen[cs]e)(?: ?(?:number|no|nr|#))?\b\W{0,4}(?:is )?[A-Z]{0,2}\d{7,10}(?!\w)/gi,
  ),
  matching(
    'health.record',
    'health',
    /(?<!\p{L})allerg(?:ic to|y to|ies:)\s(?:penicillin|sulfa|latex|aspirin|peanuts?|shellfish|codeine|iodine|amoxicillin|nsaids?)/giu,
  ),
];
