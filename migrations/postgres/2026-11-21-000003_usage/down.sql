DROP TABLE benefit_days;
DROP TABLE usage_days;
