// Health: what is said of a person's body. Words decide, two at a time, since one alone is everyday language.
import type { Detector } from './detector.ts';
import { matching, near } from './detector.ts';

const CONDITION =
  /(?<![\p{L}])(?:cancer|carcinoma|melanoma|lymphoma|leuka?emia|tumou?r|diabet(?:es|ic)|hypertension|hypothyroid\w*|asthma|copd|emphysema|pneumonia|tuberculosis|hepatitis|cirrhosis|hiv|aids|syphilis|chlamydia|gonorrh\w+|herpes|stroke|epilep\w+|seizures?|dementia|alzheimer\w*|parkinson\w*|multiple sclerosis|schizophreni\w+|bipolar|depress(?:ion|ive disorder)|anxiety disorder|ptsd|adhd|autis\w+|anorexia|bulimia|alcoholism|addiction|overdose|pregnan\w+|miscarriage|abortion|infertil\w+|arthritis|osteoporosis|migraines?|an[ae]mia|h[ae]mophilia|an?eurysm|myocardial|heart (?:attack|failure|disease)|kidney (?:failure|disease)|renal failure|covid(?:-19)?|influenza|sepsis|concussion|fracture|obesity|sickle cell|cystic fibrosis|lupus|crohn\w*|colitis|celiac|psoriasis|endometriosis)(?![\p{L}])/giu;
const PATIENT =
  /\b(?:patients?|diagnos(?:ed with|is|es)|suffer(?:s|ed|ing)? from|treat(?:ed|ment) for|history of|tested positive|test(?:s|ed)? (?:negative|reactive)|prescri\w+|symptoms?|hospitali[sz]ed|admitted|medical|clinical|doctor|physician|therapy|chemotherapy|oncolog\w+|onset|remission|prognosis|relapse|comorbid\w*|surgery)\b/i;
const DRUG =
  /(?<![\p{L}])(?:metformin|insulin|lisinopril|atorvastatin|simvastatin|amlodipine|metoprolol|omeprazole|losartan|albuterol|salbutamol|levothyroxine|gabapentin|sertraline|fluoxetine|citalopram|escitalopram|prozac|zoloft|lexapro|xanax|alprazolam|lorazepam|diazepam|clonazepam|oxycodone|hydrocodone|morphine|fentanyl|tramadol|codeine|methadone|buprenorphine|adderall|methylphenidate|ritalin|lithium carbonate|quetiapine|risperidone|olanzapine|warfarin|apixaban|prednisone|amoxicillin|ibuprofen|acetaminophen|paracetamol|tamoxifen|methotrexate|truvada|biktarvy|ozempic|semaglutide|humira)(?![\p{L}])/giu;
const DOSE =
  /\d\s?(?:mg|mcg|µg|ml|iu|units?)\b|\b(?:daily|twice|dose|dosage|tablets?|capsules?|prescri\w+|refill|b\.?i\.?d\.?|t\.?i\.?d\.?|prn|taking|takes|patient)\b/i;

export const HEALTH: readonly Detector[] = [
  matching('health.diagnosis', CONDITION, (match, text) => near(match, text, PATIENT, 64, 48)),
  matching('health.diagnosis', /(?<![\w.-])[A-TV-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?(?![\w-])/g, (match, text) =>
    near(match, text, /\b(?:icd(?:-?(?:9|10|11))?(?:-cm)?|diagnos\w+|dx)\b/i, 40, 12),
  ),
  matching('health.medication', DRUG, (match, text) => near(match, text, DOSE, 32, 32)),
  matching('health.medication', /(?<!\p{L})(?:prescribed|prescription|rx)\b[^.\n]{0,40}?\d{1,4}\s?(?:mg|mcg|µg|ml)\b/giu),
  matching(
    'health.record',
    /(?<!\w)(?:mrn|medical record|patient (?:id|number|no)|chart (?:number|no))(?: ?(?:number|no|nr|id))?\b\W{0,4}(?:is )?[A-Z]{0,4}-?\d{4,12}(?!\w)/gi,
  ),
  matching(
    'health.record',
    /(?<!\w)(?:health (?:insurance|plan)|medicare|medicaid|mbi|hicn|krankenversicher\w+)(?: ?(?:number|no|nr|id|member id))?\b\W{0,4}(?:is )?(?=[A-Z0-9-]{0,8}\d)[A-Z0-9](?:-?[A-Z0-9]){6,13}(?!\w)/gi,
  ),
  matching('health.record', /(?<!\w)(?:blood (?:type|group))\b\W{0,4}(?:is )?(?:A|B|AB|O)(?:[+-]|\s?(?:rh)?\s?(?:pos|neg)\w*)/gi),
  matching('health.record', /(?<!\w)(?:blood pressure|bp)\b\W{0,4}(?:is |was |of )?\d{2,3}\/\d{2,3}(?!\d)/gi),
  matching(
    'health.record',
    /(?<!\w)(?:dea|npi|medical licen[cs]e)(?: ?(?:number|no|nr|#))?\b\W{0,4}(?:is )?[A-Z]{0,2}\d{7,10}(?!\w)/gi,
  ),
  matching(
    'health.record',
    /(?<!\p{L})allerg(?:ic to|y to|ies:)\s(?:penicillin|sulfa|latex|aspirin|peanuts?|shellfish|codeine|iodine|amoxicillin|nsaids?)/giu,
  ),
];
