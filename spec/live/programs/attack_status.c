/* Ends with status 23 and makes no other call than those that every program makes to start. */
int main(void)
{
	return 23;
}
