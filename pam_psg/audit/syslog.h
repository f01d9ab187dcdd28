/* One line to syslogd, by ourselves. */
#ifndef PSG_AUDIT_SYSLOG_H
#define PSG_AUDIT_SYSLOG_H

/* As syslog(3) with LOG_PID and the program's name, but for one thing: a syslogd that is stopped and whose queue is full
 * holds up the caller for a second, not for ever. What it does not take by then is lost. Touches nothing of the
 * host's: no openlog, no descriptor kept. `priority`: facility and level. errno is preserved. */
void psg_syslog_send(int priority, const char *text);

#endif
