using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace ClusterSession.Tests.Tickets;

/// <summary>A ticket store of an application's own.</summary>
public sealed class MemoryTicketStore : ITicketStore
{
    public ConcurrentDictionary<string, AuthenticationTicket> Tickets { get; } = new();

    public Task<string> StoreAsync(AuthenticationTicket ticket)
    {
        var key = Tickets.Count.ToString(CultureInfo.InvariantCulture);
        Tickets[key] = ticket;
        return Task.FromResult(key);
    }

    public Task RenewAsync(string key, AuthenticationTicket ticket)
    {
        Tickets[key] = ticket;
        return Task.CompletedTask;
    }

    public Task<AuthenticationTicket?> RetrieveAsync(string key) => Task.FromResult(Tickets.GetValueOrDefault(key));

    public Task RemoveAsync(string key)
    {
        Tickets.TryRemove(key, out _);
        return Task.CompletedTask;
    }
}
