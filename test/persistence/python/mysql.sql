-- A MariaDB database as the migrations of Python TaskFlow 5.0.0 leave it, recorded with mysqldump.
CREATE TABLE `alembic_version` (
  `version_num` varchar(32) NOT NULL,
  PRIMARY KEY (`version_num`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `logbooks` (
  `created_at` datetime DEFAULT NULL,
  `updated_at` datetime DEFAULT NULL,
  `meta` text DEFAULT NULL,
  `name` varchar(255) DEFAULT NULL,
  `uuid` varchar(64) NOT NULL,
  PRIMARY KEY (`uuid`),
  UNIQUE KEY `logbook_uuid_idx` (`uuid`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci;
CREATE TABLE `flowdetails` (
  `created_at` datetime DEFAULT NULL,
  `updated_at` datetime DEFAULT NULL,
  `parent_uuid` varchar(64) DEFAULT NULL,
  `meta` longtext DEFAULT NULL,
  `state` varchar(255) DEFAULT NULL,
  `name` varchar(255) DEFAULT NULL,
  `uuid` varchar(64) NOT NULL,
  PRIMARY KEY (`uuid`),
  UNIQUE KEY `flowdetails_uuid_idx` (`uuid`),
  KEY `flowdetails_ibfk_1` (`parent_uuid`),
  CONSTRAINT `flowdetails_ibfk_1` FOREIGN KEY (`parent_uuid`) REFERENCES `logbooks` (`uuid`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci;
CREATE TABLE `atomdetails` (
  `created_at` datetime DEFAULT NULL,
  `updated_at` datetime DEFAULT NULL,
  `parent_uuid` varchar(64) DEFAULT NULL,
  `meta` text DEFAULT NULL,
  `name` varchar(255) DEFAULT NULL,
  `results` longtext DEFAULT NULL,
  `version` varchar(64) DEFAULT NULL,
  `state` varchar(255) DEFAULT NULL,
  `uuid` varchar(64) NOT NULL,
  `failure` longtext DEFAULT NULL,
  `atom_type` enum('RETRY_DETAIL','TASK_DETAIL') DEFAULT NULL,
  `intention` enum('EXECUTE','IGNORE','REVERT','RETRY') DEFAULT 'EXECUTE',
  `revert_results` text DEFAULT NULL,
  `revert_failure` longtext DEFAULT NULL,
  PRIMARY KEY (`uuid`),
  UNIQUE KEY `taskdetails_uuid_idx` (`uuid`),
  KEY `taskdetails_ibfk_1` (`parent_uuid`),
  CONSTRAINT `atomdetails_ibfk_1` FOREIGN KEY (`parent_uuid`) REFERENCES `flowdetails` (`uuid`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci;
INSERT INTO alembic_version VALUES ('00af93df9d77');
