DROP TABLE support_profiles;
DROP TABLE support_communications;
DROP TABLE support_tickets;
DROP TABLE directory_role_members;
DROP TABLE customer_users;
