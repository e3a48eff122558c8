{{#dovecot_cf}}
{{line}}
{{/dovecot_cf}}
