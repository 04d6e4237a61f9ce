// What PostgreSQL's functions do: those that only read, and the kinds of those that do more.
// Names and volatility are facts of the server's own catalogue (pg_proc: immutable and stable ones, and volatile ones that only report).
import type { FunctionTable } from '../functions.ts';

const BUILT_IN = `
  abbrev abs aclcontains acldefault aclexplode acos acosd acosh age any_value area array_agg array_append array_dims array_fill
  array_length array_lower array_ndims array_position array_positions array_prepend array_remove array_replace array_reverse
  array_sample array_shuffle array_sort array_to_json array_to_string array_to_tsvector array_upper ascii asin asind asinh atan
  atan2 atan2d atand atanh avg bit bit_and bit_count bit_length bit_or bit_xor bool bool_and bool_or bound_box box broadcast
  btrim bytea cardinality casefold cbrt ceil ceiling center char char_length character_length chr cidr circle clock_timestamp
  col_description concat concat_ws convert convert_from convert_to corr cos cosd cosh cot cotd count covar_pop covar_samp crc32
  crc32c cume_dist current_catalog current_database current_date current_query current_schema current_schemas current_setting
  current_time current_timestamp current_user currval date date_add date_bin date_cmp_timestamp date_cmp_timestamptz date_part
  date_subtract date_trunc datemultirange daterange decode degrees dense_rank diagonal diameter div encode enum_first enum_last
  enum_range erf erfc every exp extract factorial family first_value float4 float8 floor format format_type gamma gcd
  gen_random_uuid generate_series generate_subscripts get_bit get_byte get_current_ts_config getdatabaseencoding grouping
  has_any_column_privilege has_column_privilege has_database_privilege has_foreign_data_wrapper_privilege has_function_privilege
  has_language_privilege has_largeobject_privilege has_parameter_privilege has_schema_privilege has_sequence_privilege
  has_server_privilege has_table_privilege has_tablespace_privilege has_type_privilege hashtext hashtextextended height host
  hostmask icu_unicode_version inet_client_addr inet_client_port inet_merge inet_same_family inet_server_addr inet_server_port
  initcap int2 int4 int4multirange int4range int8 int8multirange int8range interval interval_avg is_normalized isclosed isempty
  isfinite ishorizontal isopen isparallel isperp isvertical json json_agg json_agg_strict json_array json_array_elements
  json_array_elements_text json_array_length json_arrayagg json_build_array json_build_object json_each json_each_text
  json_exists json_extract_path json_extract_path_text json_object json_object_agg json_object_agg_strict json_object_agg_unique
  json_object_agg_unique_strict json_object_keys json_objectagg json_populate_record json_populate_recordset json_query
  json_scalar json_serialize json_strip_nulls json_to_record json_to_recordset json_to_tsvector json_typeof json_value jsonb_agg
  jsonb_agg_strict jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object
  jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg
  jsonb_object_agg_strict jsonb_object_agg_unique jsonb_object_agg_unique_strict jsonb_object_keys jsonb_path_exists
  jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz jsonb_path_query jsonb_path_query_array jsonb_path_query_array_tz
  jsonb_path_query_first jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record jsonb_populate_recordset
  jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_to_tsvector jsonb_typeof
  justify_days justify_hours justify_interval lag last_value lastval lcm lead left length lgamma like line ln localtime
  localtimestamp log log10 lower lower_inc lower_inf lpad lseg ltrim macaddr macaddr8 macaddr8_set7bit make_date make_interval
  make_time make_timestamp make_timestamptz masklen max md5 merge_action min min_scale mod mode money multirange mxid_age name
  netmask network normalize notlike now npoints nth_value ntile num_nonnulls num_nulls numeric nummultirange numnode numrange
  obj_description octet_length oid overlaps overlay parse_ident path percent_rank percentile_cont percentile_disc
  pg_available_extension_versions pg_available_extensions pg_backend_pid pg_basetype pg_blocking_pids pg_char_to_encoding
  pg_client_encoding pg_collation_actual_version pg_collation_for pg_collation_is_visible pg_column_compression
  pg_column_is_updatable pg_column_size pg_conf_load_time pg_conversion_is_visible pg_current_snapshot pg_current_wal_flush_lsn
  pg_current_wal_insert_lsn pg_current_wal_lsn pg_current_xact_id pg_current_xact_id_if_assigned
  pg_database_collation_actual_version pg_database_size pg_describe_object pg_encoding_max_length pg_encoding_to_char
  pg_extension_update_paths pg_filenode_relation pg_function_is_visible pg_get_catalog_foreign_keys pg_get_constraintdef
  pg_get_expr pg_get_function_arg_default pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result
  pg_get_function_sqlbody pg_get_functiondef pg_get_indexdef pg_get_keywords pg_get_object_address
  pg_get_partition_constraintdef pg_get_partkeydef pg_get_publication_tables pg_get_replica_identity_index
  pg_get_replication_slots pg_get_ruledef pg_get_serial_sequence pg_get_statisticsobjdef pg_get_statisticsobjdef_columns
  pg_get_statisticsobjdef_expressions pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_has_role pg_identify_object
  pg_identify_object_as_address pg_index_column_has_property pg_index_has_property pg_indexam_has_property
  pg_indexam_progress_phasename pg_indexes_size pg_input_error_info pg_input_is_valid pg_is_in_recovery pg_is_other_temp_schema
  pg_jit_available pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_listening_channels pg_lsn
  pg_mcv_list_items pg_my_temp_schema pg_notification_queue_usage pg_opclass_is_visible pg_operator_is_visible
  pg_opfamily_is_visible pg_options_to_table pg_partition_ancestors pg_partition_root pg_partition_tree pg_postmaster_start_time
  pg_relation_filenode pg_relation_filepath pg_relation_is_publishable pg_relation_is_updatable pg_relation_size
  pg_replication_origin_oid pg_safe_snapshot_blocking_pids pg_sequence_last_value pg_sequence_parameters pg_settings_get_flags
  pg_size_bytes pg_size_pretty pg_snapshot_xip pg_snapshot_xmax pg_snapshot_xmin pg_stat_get_analyze_count
  pg_stat_get_blocks_fetched pg_stat_get_blocks_hit pg_stat_get_dead_tuples pg_stat_get_last_analyze_time
  pg_stat_get_last_autoanalyze_time pg_stat_get_last_autovacuum_time pg_stat_get_last_vacuum_time pg_stat_get_live_tuples
  pg_stat_get_numscans pg_stat_get_snapshot_timestamp pg_stat_get_tuples_deleted pg_stat_get_tuples_fetched
  pg_stat_get_tuples_inserted pg_stat_get_tuples_returned pg_stat_get_tuples_updated pg_stat_get_vacuum_count
  pg_statistics_obj_is_visible pg_table_is_visible pg_table_size pg_tablespace_databases pg_tablespace_location
  pg_tablespace_size pg_timezone_abbrevs pg_timezone_names pg_total_relation_size pg_trigger_depth pg_ts_config_is_visible
  pg_ts_dict_is_visible pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible pg_typeof pg_visible_in_snapshot
  pg_wal_lsn_diff pg_walfile_name pg_walfile_name_offset pg_xact_commit_timestamp pg_xact_status phraseto_tsquery pi
  plainto_tsquery point polygon position pow power quote_ident quote_literal quote_nullable radians radius random random_normal
  range_agg range_intersect_agg range_merge rank regclass regexp_count regexp_instr regexp_like regexp_match regexp_matches
  regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr regr_avgx regr_avgy regr_count regr_intercept regr_r2
  regr_slope regr_sxx regr_sxy regr_syy repeat replace reverse right round row_number row_security_active row_to_json rpad rtrim
  scale session_user set_bit set_byte set_masklen setweight sha224 sha256 sha384 sha512 shobj_description sign similar_to_escape
  sin sind sinh slope split_part sqrt statement_timestamp stddev stddev_pop stddev_samp string_agg string_to_array
  string_to_table strip strpos substr substring sum system_user tan tand tanh text time timeofday timestamp timestamp_cmp_date
  timestamp_cmp_timestamptz timestamptz timestamptz_cmp_date timestamptz_cmp_timestamp timetz timezone to_ascii to_bin to_char
  to_date to_hex to_json to_jsonb to_number to_oct to_regclass to_regcollation to_regnamespace to_regoper to_regoperator
  to_regproc to_regprocedure to_regrole to_regtype to_regtypemod to_timestamp to_tsquery to_tsvector transaction_timestamp
  translate trim_array trim_scale trunc ts_debug ts_delete ts_filter ts_headline ts_lexize ts_parse ts_rank ts_rank_cd
  ts_token_type tsmultirange tsrange tstzmultirange tstzrange tsvector_to_array txid_current txid_current_if_assigned
  txid_current_snapshot txid_snapshot_xip txid_snapshot_xmax txid_snapshot_xmin txid_status txid_visible_in_snapshot
  unicode_assigned unicode_version unistr unnest upper upper_inc upper_inf uuid_extract_timestamp uuid_extract_version uuidv4
  uuidv7 var_pop var_samp varbit varchar variance version websearch_to_tsquery width width_bucket xid xml xml_is_well_formed
  xml_is_well_formed_content xml_is_well_formed_document xmlagg xmlcomment xmlelement xmlexists xmlforest xmlparse xmlpi xmlroot
  xmlserialize xmltext xmlvalidate xpath xpath_exists
`;

/** Extensions people commonly have: trigrams, crypto, uuid, hstore, ltree, vectors, time series, hypothetical indexes, PostGIS. */
const EXTENSIONS = `
  akeys approximate_row_count armor avals binary_quantize box2d box3d cosine_distance crypt cube cube_dim cube_distance
  cube_enlarge cube_ll_coord cube_ur_coord daitch_mokotoff dearmor decrypt decrypt_iv difference digest dmetaphone
  dmetaphone_alt earth earth_box earth_distance encrypt encrypt_iv first gc_to_sec gen_random_bytes gen_salt geography geometry
  geometrytype hamming_distance histogram hmac hstore hstore_to_array hstore_to_json hstore_to_jsonb hstore_to_matrix
  hypertable_size hypopg hypopg_create_index hypopg_drop_index hypopg_get_indexdef hypopg_hidden_indexes hypopg_hide_index
  hypopg_list_indexes hypopg_relation_size hypopg_reset hypopg_unhide_all_indexes hypopg_unhide_index inner_product
  jaccard_distance l1_distance l2_distance l2_normalize last latitude lca levenshtein levenshtein_less_equal ll_to_earth locf
  longitude ltree2text metaphone nlevel normal_rand pg_buffercache_pages pg_buffercache_summary pg_freespace pg_stat_statements
  pg_stat_statements_info pgp_key_id pgp_pub_decrypt pgp_pub_encrypt pgp_sym_decrypt pgp_sym_encrypt pgstatginindex
  pgstathashindex pgstatindex pgstattuple pgstattuple_approx postgis_full_version postgis_version sec_to_gc show_limit show_trgm
  similarity skeys sort_asc sort_desc soundex st_area st_asbinary st_asewkb st_asewkt st_asgeojson st_asgml st_askml st_asmvt
  st_asmvtgeom st_assvg st_astext st_azimuth st_boundary st_buffer st_centroid st_closestpoint st_clusterdbscan st_clusterkmeans
  st_collect st_contains st_convexhull st_coorddim st_coveredby st_covers st_crosses st_difference st_dimension st_disjoint
  st_distance st_distancesphere st_distancespheroid st_dump st_dumppoints st_dwithin st_endpoint st_envelope st_equals st_expand
  st_extent st_exteriorring st_geogfromtext st_geohash st_geometryn st_geometrytype st_geomfromewkt st_geomfromgeojson
  st_geomfromtext st_geomfromwkb st_hausdorffdistance st_hexagongrid st_interiorringn st_intersection st_intersects st_isclosed
  st_isempty st_issimple st_isvalid st_isvalidreason st_length st_lineinterpolatepoint st_linelocatepoint st_linemerge
  st_makeenvelope st_makeline st_makepoint st_makepolygon st_makevalid st_maxdistance st_memunion st_multi st_numgeometries
  st_numpoints st_overlaps st_perimeter st_point st_pointfromtext st_pointn st_pointonsurface st_polygon st_project st_scale
  st_segmentize st_setsrid st_simplify st_simplifypreservetopology st_snap st_snaptogrid st_squaregrid st_srid st_startpoint
  st_subdivide st_symdifference st_tileenvelope st_touches st_transform st_translate st_unaryunion st_union st_voronoipolygons
  st_within st_x st_xmax st_xmin st_y st_ymax st_ymin st_z strict_word_similarity subarray subltree subpath subvector svals
  text2ltree time_bucket time_bucket_gapfill unaccent uuid_generate_v1 uuid_generate_v1mc uuid_generate_v3 uuid_generate_v4
  uuid_generate_v5 uuid_nil uuid_ns_dns uuid_ns_oid uuid_ns_url uuid_ns_x500 vector_dims vector_norm word_similarity
`;

export const POSTGRES: FunctionTable = {
  harmless: BUILT_IN + EXTENSIONS,
  chance: `
    random random_normal clock_timestamp timeofday gen_random_uuid gen_random_bytes uuidv4 uuidv7 uuid_generate_v1 uuid_generate_v1mc
    uuid_generate_v4 gen_salt array_sample array_shuffle normal_rand nextval
  `,
  effects: {
    session: `
      set_config setseed set_limit pg_export_snapshot pg_advisory_* pg_try_advisory_* pg_replication_origin_session_* pg_replication_origin_xact_*
      dblink_connect dblink_connect_u dblink_disconnect pg_stat_clear_snapshot
    `,
    file: `
      lo_import lo_export pg_read_* pg_ls_* pg_stat_file pg_file_* pg_logdir_ls pg_rotate_logfile* pg_current_logfile pg_hba_file_rules
      pg_ident_file_mappings pg_show_all_file_settings file_fdw_* st_fromgdalraster st_asgdalraster st_addband st_bandpath
    `,
    program: 'dblink dblink_* http http_* net_* pg_background_* plpython_* plsh_*',
    procedure: `
      query_to_xml* table_to_xml* cursor_to_xml* schema_to_xml* database_to_xml* ts_stat ts_rewrite crosstab* connectby xpath_table
      cron_schedule cron_unschedule
    `,
    role: 'pg_import_system_collations',
  },
};
