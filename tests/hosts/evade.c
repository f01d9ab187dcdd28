/* Processes that are hard to end: `evade threads FILE` goes on in a second thread after its first has ended, so that
 * /proc calls it a zombie; `evade comet FILE` is another process every other millisecond. Both leave their tree, are deaf to
 * HUP and TERM, write FILE again and again while they live, and end by themselves after a minute. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *file;
static time_t end;

static void beat(void)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (write(fd, "alive\n", 6) == 6)
		close(fd);
}

static void *go_on(void *arg)
{
	for (; time(NULL) < end; usleep(50000))
		beat();
	_exit(0);
	return arg;
}

static void fly(void)
{
	for (unsigned int i = 0; time(NULL) < end; i++) {
		if (fork() > 0)
			_exit(0);
		if (i % 32 == 0)
			beat();
		usleep(2000);
	}
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc != 3)
		return 2;
	file = argv[2];
	end = time(NULL) + 60;
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	if (fork() > 0)
		_exit(0);
	setsid();
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	if (!strcmp(argv[1], "comet")) {
		fly();
		return 0;
	}
	pthread_create(&thread, NULL, go_on, NULL);
	pthread_exit(NULL);
}
