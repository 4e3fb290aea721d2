using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

// A member of the coordination store: <own address> <directory> <secret>
// <shortest election timeout> <timeout of a message, both in ms> <addresses of all members>
var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.Logging.AddSimpleConsole().SetMinimumLevel(LogLevel.Warning);
builder.WebHost.UseUrls(args[0]);
builder.Services.AddRaftCoordinator(options =>
{
    options.Self = new Uri(args[0]);
    options.Directory = args[1];
    options.Secret = args[2];
    options.LowerElectionTimeout = TimeSpan.FromMilliseconds(int.Parse(args[3], CultureInfo.InvariantCulture));
    options.UpperElectionTimeout = options.LowerElectionTimeout * 2;
    options.RpcTimeout = TimeSpan.FromMilliseconds(int.Parse(args[4], CultureInfo.InvariantCulture));
    foreach (var member in args[5..])
    {
        options.Members.Add(new Uri(member));
    }
});
var app = builder.Build();
app.MapRaftCoordinator();
await app.RunAsync();
