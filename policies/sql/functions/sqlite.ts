// What SQLite's functions do: those of lang_corefunc, aggregates, windows, dates, math, JSON, FTS and R*Tree that only read, and the rest.
import type { FunctionTable } from '../functions.ts';

export const SQLITE: FunctionTable = {
  harmless: `
    abs changes char coalesce concat concat_ws format glob hex if ifnull iif instr last_insert_rowid length like likelihood likely lower ltrim max
    min nullif octet_length printf quote random randomblob replace round rtrim sign soundex sqlite_compileoption_get sqlite_compileoption_used
    sqlite_offset sqlite_source_id sqlite_version substr substring total_changes trim typeof unhex unicode unistr unistr_quote unlikely upper zeroblob
    subtype regexp regexpi match
    avg count group_concat median percentile percentile_cont percentile_disc string_agg sum total stddev variance
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number
    date datetime julianday strftime time timediff unixepoch current_date current_time current_timestamp
    acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi pow power radians sin sinh sqrt tan tanh
    trunc
    json json_array json_array_length json_array_insert json_each json_error_position json_extract json_group_array json_group_object json_insert
    json_object json_patch json_pretty json_quote json_remove json_replace json_set json_tree json_type json_valid
    jsonb jsonb_array jsonb_array_insert jsonb_each jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch jsonb_remove
    jsonb_replace jsonb_set jsonb_tree
    bm25 highlight snippet matchinfo offsets fts5_source_id rtreenode rtreedepth geopoly_area geopoly_bbox geopoly_blob geopoly_contains_point
    geopoly_json geopoly_overlap geopoly_within decimal decimal_add decimal_sub decimal_mul decimal_cmp decimal_sum ieee754 base64 base85 sha1 sha3
    uuid uuid_str uuid_blob generate_series vec_distance_l2 vec_distance_cosine vec_length vec_version
  `,
  chance: 'random randomblob uuid',
  effects: {
    file: 'load_extension readfile writefile fsdir edit zipfile zipfile_cds lsmode fts3_tokenizer sqlite_readfile',
    procedure: 'eval sha3_query sha1_query shell_*',
    other: 'usleep sleep optimize fts5 sqlite_log sqlar_uncompress',
  },
};
