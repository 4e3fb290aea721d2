using System.Globalization;
using Xunit;

namespace ClusterSession.Tests.TestKit.Processes;

public sealed class FreePortTests
{
    [Fact]
    public void Ports_are_given_out_once_and_come_from_blocks_that_no_other_process_can_take()
    {
        var ports = Enumerable.Range(0, 2 * FreePort.BlockSize).Select(_ => FreePort.Next()).ToArray();

        Assert.Distinct(ports);
        Assert.All(ports.Select(port => port - (port % FreePort.BlockSize)).Distinct(), first =>
            Assert.Throws<IOException>(() => Open(first).Dispose())
        );
    }

    private static FileStream Open(int first) =>
        new(
            Path.Combine(FreePort.Locks, first.ToString(CultureInfo.InvariantCulture)),
            FileMode.Open,
            FileAccess.Write,
            FileShare.None
        );
}
