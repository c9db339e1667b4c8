/** The part of the error registry that instances and backups have for themselves. */
export const INSTANCE_ERRORS = {
  GUARD_INSTANCE_UNKNOWN: {
    meaning: 'There is no such instance.',
    remedy: 'List them (evolution-guard instances list), with those that were deleted, and correct the name or id.',
  },
  GUARD_INSTANCE_NAME_TAKEN: {
    meaning: 'Another instance has that name.',
    remedy: 'Restore it under another name (--as), or delete the one that has the name.',
  },
  GUARD_INSTANCE_AMBIGUOUS: {
    meaning: 'Several deleted instances had that name.',
    remedy: 'Name the one that is meant by its id, which the list shows.',
  },
  GUARD_INSTANCE_BUSY: {
    meaning: 'Something else is being done with that instance.',
    remedy: 'Wait until it is finished (evolution-guard instances show), then try again.',
  },
  GUARD_INSTANCE_EXPORT: {
    meaning: 'What would be handed out holds credentials, and cannot be encrypted.',
    remedy: 'Set GUARD_ARCHIVE_KEY, or make the backup where it stays (evolution-guard backup create --instance).',
  },
  GUARD_INSTANCE_STUCK: {
    meaning: 'Work on an instance fails again and again; it is tried further.',
    remedy: 'Read the reason above, and bring back what it names; nothing of the instance is lost meanwhile.',
  },
  GUARD_INSTANCE_FLAPPING: {
    meaning: 'An instance connects and loses its connection again and again.',
    remedy:
      'Check the network, whether the number is used elsewhere with the same session, and whether WhatsApp restricts it.',
  },
  GUARD_INSTANCE_SOCKET_DEAD: {
    meaning: 'An instance counts as open, and its socket does not answer.',
    remedy: 'Restart the instance (POST /instance/restart/<name>); if it comes again, check the network and the proxy.',
  },
  GUARD_CREDENTIALS_MALFORMED: {
    meaning: 'Credentials of an instance are not as the host writes them; it could not read them either.',
    remedy: 'Log the instance out and pair it anew; a backup leaves the file or value named above to you.',
  },
  GUARD_CREDENTIALS_PLACE: {
    meaning: 'The place where the host keeps credentials cannot be used.',
    remedy:
      'Bring it back, and check the host’s CACHE_REDIS_, DATABASE_SAVE_DATA_INSTANCE and PROVIDER_ variables and its folder instances.',
  },
  GUARD_SEAL_FOREIGN: {
    meaning: 'Sealed data is damaged, is something else, or was sealed with another key.',
    remedy: 'Take another copy, or set GUARD_ARCHIVE_KEY to the key of the installation that made it.',
  },
  GUARD_SEAL_KEY: {
    meaning: 'Sealed data is encrypted, and no key is set.',
    remedy: 'Set GUARD_ARCHIVE_KEY to the key of the installation that made it.',
  },
  GUARD_BACKUP_TARGET: {
    meaning: 'The place for backups cannot be used.',
    remedy:
      'Check GUARD_BACKUP_TARGET, its permissions, and for a bucket GUARD_BACKUP_S3_ENDPOINT and the AWS_ variables.',
  },
  GUARD_BACKUP_UNKNOWN: {
    meaning: 'There is no such backup.',
    remedy: 'List them (evolution-guard backup list) and correct the name.',
  },
  GUARD_BACKUP_FOREIGN: {
    meaning: 'That file is no backup of this kind, or is damaged; nothing was changed.',
    remedy: 'Take another one from the list; every line above says what is wrong.',
  },
  GUARD_BACKUP_OCCUPIED: {
    meaning: 'Instances of that backup are there already; nothing was changed.',
    remedy: 'Restore into an installation without them, or name the ones that are missing (--instance).',
  },
} as const;
