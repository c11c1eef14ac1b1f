# test/examples/agent in the server's log: the assistant is named beside the person
# for whom it acted, and no token is.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;

# C1.9, C1.10: whatever the letter tried
my $node = start_node('main', "log_line_prefix = '%u '");
local $ENV{PG_ABS_SRCDIR} = "$FindBin::RealBin/../examples";
my ($out, $err) = run_command([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', "$ENV{PG_ABS_SRCDIR}/sql/agent.sql" ]);
like($out, qr/^ann\|assistant\|\{letters:read\}$/m, 'the assistant acted for her');

my $log = slurp_file($node->logfile);
my @denials = $log =~ /^mail_assistant LOG:  access denied: (.*)$/mg;
is(scalar(@denials), 1, 'one denial') or diag $log;
is_deeply(JSON::PP->new->utf8->decode($denials[0]),
	{ client => 'chat', subject => 'ann', actor => 'assistant', required => { scope => ['letters:write'] } },
	'who was denied what, and who acted');
unlike($log, qr/^mail_app LOG:  access denied/m, 'she was denied nothing');
my @refused = $log =~ /^mail_assistant ERROR:  (cannot execute \w+)/mg;
cmp_ok(@refused, '>', 10, 'what it would have written stands there as well: ' . @refused . ' times');
unlike($log, qr/eyJ/, 'no token, nor a part of one');

$node->stop;
done_testing();
