/* attack_pin PATH COMMAND [ARG...]: COMMAND inherits an O_PATH descriptor of PATH, number 7. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int pin = argc < 3 ? -1 : open(argv[1], O_PATH);

	if (pin < 0 || dup2(pin, 7) < 0)
		return 2;
	(void)execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 2;
}
