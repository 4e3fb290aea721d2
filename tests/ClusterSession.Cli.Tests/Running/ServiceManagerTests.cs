using System.Net.Sockets;
using System.Text;
using ClusterSession.Cli.Running;
using Xunit;

namespace ClusterSession.Cli.Tests.Running;

public sealed class ServiceManagerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Socket _systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public ServiceManagerTests() => _systemd.Bind(new UnixDomainSocketEndPoint(_directory.File("notify")));

    public void Dispose()
    {
        _systemd.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Systemd_hears_that_the_process_is_ready_and_alive_and_that_it_stops()
    {
        await using (Manager(watchdog: "3000", isAlive: true))
        {
            Assert.Equal("READY=1", await HeardAsync());
            Assert.Equal("WATCHDOG=1", await HeardAsync());
            Assert.Equal("WATCHDOG=1", await HeardAsync());
        }

        var last = "";
        while (last != "STOPPING=1")
        {
            last = await HeardAsync();
        }
    }

    [Theory]
    [InlineData("3000", false)]
    [InlineData(null, true)]
    [InlineData("0", true)]
    public async Task Process_that_is_not_alive_or_is_not_asked_says_nothing_to_the_watchdog(
        string? watchdog,
        bool isAlive
    )
    {
        await using (Manager(watchdog, isAlive)) { }

        Assert.Equal("READY=1", await HeardAsync());
        Assert.Equal("STOPPING=1", await HeardAsync());
    }

    [Fact]
    public async Task Without_systemd_nothing_is_said()
    {
        await using (new ServiceManager(_ => null, () => true, TimeProvider.System)) { }

        Assert.Equal(0, _systemd.Available);
    }

    private ServiceManager Manager(string? watchdog, bool isAlive) =>
        new(name => name == "NOTIFY_SOCKET" ? _directory.File("notify") : watchdog, () => isAlive, TimeProvider.System);

    private async Task<string> HeardAsync()
    {
        var buffer = new byte[64];
        var length = await _systemd.ReceiveAsync(buffer).WaitAsync(TimeSpan.FromSeconds(30));
        return Encoding.UTF8.GetString(buffer, 0, length);
    }
}
