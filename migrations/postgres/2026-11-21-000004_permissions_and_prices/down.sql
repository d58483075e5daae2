DROP INDEX audit_records_unsealed;
DROP INDEX audit_records_by_chain_position;
DROP INDEX audit_records_by_partner_seq;
DROP TABLE price_lists;
DROP TABLE self_serve_policies;
